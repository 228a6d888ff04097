package server

// The packages whose tests notice mutations.
const (
	inSeats  = "../internal/seats"
	inEngine = "./internal/engine"
	inBolt   = "./ledger/bolt"
)

// mutations remove the safeguards of the server, one each.
var mutations = []mutation{
	{
		name: "the ledger is not synced", file: "ledger/bolt/session.go",
		edits: [][2]string{{"= test.NoSync, test.NoSync", "= true, true"}},
		tests: "DiskDoesNotTake",
	},
	{
		name: "an append that failed is tried again", file: "ledger/bolt/session.go",
		edits: [][2]string{{"if s.failed == nil {", "if true {"}},
		tests: "FailedAppend|DiskRefuses", in: inBolt,
	},
	{
		name: "the server goes on after its ledger failed", file: "internal/engine/committer.go",
		edits: [][2]string{{`return fmt.Errorf("append to ledger: %w", err)`, "return nil"}},
		tests: "LedgerFails", in: ". " + inEngine,
	},
	{
		name: "a commit answers before it appends", file: "internal/engine/committer.go",
		edits: [][2]string{
			{"		r.ran(c.decide(r, now))\n	}\n", "		r.ran(c.decide(r, now))\n		r.answer()\n	}\n"},
			{"	for _, r := range requests {\n		r.answer()\n	}\n", ""},
		},
		tests: "BeforeItIsDurable|LedgerFails|Kills", in: ". " + inEngine,
	},
	{
		name: "a repeated request is executed again", file: "../internal/seats/policy.go",
		edits: [][2]string{{"p.leases.lookup(c, t.Request); known {", "p.leases.lookup(c, t.Request); known && false {"}},
		tests: "AccountedFor|Linearizable|Replayed", in: ". " + inSeats + " " + inEngine,
	},
	{
		name: "a request id counts whoever names it", file: "../internal/seats/leases.go",
		edits: [][2]string{
			{"ls.requests[requestKey{c.index, request}]\n", "ls.requests[requestKey{0, request}]\n"},
			{"ls.requests[requestKey{c.index, request}] = number", "ls.requests[requestKey{0, request}] = number"},
		},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a refused take frees what it names to replace", file: "../internal/seats/allocator.go",
		edits: [][2]string{{
			"	d := a.takeOrRepeat(c, t)\n	a.carryOut(&d, now)\n",
			"	for _, r := range t.Replaces {\n		a.cancel(c, r, messages.Replaced, now)\n	}\n	d := a.takeOrRepeat(c, t)\n	a.carryOut(&d, now)\n",
		}},
		tests: "AccountedFor|Linearizable|AtOnce", in: inSeats + " " + inEngine,
	},
	{
		name: "a grant leaves what it replaces", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"case a.leases.at(number).state == entryHeld:", "case a.leases.at(number).state == entryHeld && reason != messages.Replaced:"}},
		tests: "AccountedFor|Linearizable|AtOnce", in: inSeats + " " + inEngine,
	},
	{
		name: "a revoked lease is replaced", file: "../internal/seats/policy.go",
		edits: [][2]string{{"e.state == entryEnded && e.reason == messages.Revoked", "false"}},
		tests: "AccountedFor", in: inSeats,
	},
	{
		name: "a grant takes more seats than there are", file: "../internal/seats/policy.go",
		edits: [][2]string{{"d.pool.shortfall(p.change); short {", "d.pool.shortfall(p.change); short && false {"}},
		tests: "AccountedFor|Linearizable", in: inSeats + " " + inEngine,
	},
	{
		name: "replaced seats are not given back to the take", file: "../internal/seats/pools.go",
		edits: [][2]string{{"				seats -= int(e.count)\n", "				seats -= 0\n"}},
		tests: "AccountedFor", in: inSeats,
	},
	{
		name: "a take does not count the seats that its group shares", file: "../internal/seats/pools.go",
		edits: [][2]string{{"seats += after.seatsFrom(version, shared) - before.seatsFrom(version, shared)", "_, _ = after, shared"}},
		tests: "AccountedFor|Share", in: inSeats,
	},
	{
		name: "a cancelled request leaves no tombstone", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"	case !known:\n", "	case !known:\n		return\n"}},
		tests: "AccountedFor|Linearizable", in: inSeats + " " + inEngine,
	},
	{
		name: "tombstones are forgotten at once", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"now - 2*a.cfg.ClientTimeout", "now"}},
		tests: "TwoClientTimeouts|AccountedFor", in: inSeats + " " + inEngine,
	},
	{
		name: "an end is not written", file: "../internal/seats/leases.go",
		edits: [][2]string{{"	e.recorded(ls.journal.add(ledger.Record{", "	_ = (ledger.Record{"}, {"	}, e.seq))\n", "	})\n"}},
		tests: "TwoClientTimeouts|AccountedFor", in: inSeats + " " + inEngine,
	},
	{
		name: "a restart gives leases half their time", file: "../internal/seats/leases.go",
		edits: [][2]string{{"[12]byte(r.Lease[4:]), c.index, 0)", "[12]byte(r.Lease[4:]), c.index, -5*time.Minute/2)"}},
		tests: "FullClientTimeout", in: inEngine,
	},
	{
		name: "the time of leases begins before anybody can beat them", file: "internal/engine/engine.go",
		edits: [][2]string{{"		e.clock.skip(e.clock.now())\n", ""}},
		tests: "WhenTheServerCanBeReached", in: inEngine,
	},
	{
		name: "a stall counts as time without a heartbeat", file: "internal/engine/maintenance.go",
		edits: [][2]string{{"		m.clock.skip(stall)\n", ""}},
		tests: "Stall", in: inEngine,
	},
	{
		name: "leases end after a stall before beats are read", file: "internal/engine/maintenance.go",
		edits: [][2]string{{"		m.stall.suspendExpiry(m.clock.now(), stall, m.grace())\n", ""}},
		tests: "Stall", in: inEngine,
	},
	{
		name: "the epoch stands still", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"Epoch: last.Epoch + 1}", "Epoch: max(last.Epoch, 1)}"}},
		tests: "FullClientTimeout|SessionOpenedAfterARestart", in: inEngine,
	},
	{
		name: "a heartbeat renews a lease whoever sends it", file: "../internal/seats/lease_table.go",
		edits: [][2]string{{"s.holder != holder || s.secret", "holder == 0 || s.holder == 0 || s.secret"}},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a heartbeat renews whatever is in the slot", file: "../internal/seats/lease_table.go",
		edits: [][2]string{{"s.holder != holder || s.secret != [12]byte(ids[at+4:])", "s.holder != holder"}},
		tests: "EveryBit|NextInItsSlot", in: ". " + inEngine,
	},
	{
		name: "a lease is returned by whoever knows it", file: "../internal/seats/leases.go",
		edits: [][2]string{{"e.state != entryFree && e.client == c.index", "e.state != entryFree"}},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a lease is returned by its slot alone", file: "../internal/seats/lease_table.go",
		edits: [][2]string{{"return t.secret(number) == [12]byte(id[4:])", "return true"}},
		tests: "EveryBit",
	},
	{
		name: "an instance is anybody's", file: "../internal/seats/clients.go",
		edits: [][2]string{{"c != nil && c.holder == h && !c.resting", "c != nil && !c.resting"}, {"c != nil && c.holder != h", "false"}},
		tests: "OfNoUseToWhoGuesses|DeniedToOthers|Replayed", in: ". " + inEngine,
	},
	{
		name: "an old session goes on", file: "../internal/seats/client.go",
		edits: [][2]string{{"return session == known", "return true"}},
		tests: "Superseded", in: inEngine,
	},
	{
		name: "a session that a client claims raises the sessions of all", file: "../internal/seats/clients.go",
		edits: [][2]string{{"	cs.next++\n", "	cs.next = max(cs.next, c.session.Load()) + 1\n"}},
		tests: "NobodyElsesMatter",
	},
	{
		name: "a client that holds nothing counts until it is forgotten", file: "../internal/seats/clients.go",
		edits: [][2]string{{"c.quiet(max(before, now-restAfter))", "c.quiet(before)"}},
		tests: "ManyShortPrograms", in: inEngine,
	},
	{
		name: "one identity has all clients", file: "../internal/seats/clients.go",
		edits: [][2]string{{"case a.awake >= cs.limits.IdentityClients:", "case false:"}},
		tests: "NoIdentityUsesUp", in: inEngine,
	},
	{
		name: "one identity connects as often as it likes", file: "../internal/seats/account.go",
		edits: [][2]string{{"return a.connects.take(1, now, limits.IdentityRate, limits.IdentityBurst)", "return 0"}},
		tests: "NoIdentityUsesUp", in: inEngine,
	},
	{
		name: "made-up returns are not counted", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"return c.account.allowUnknown(now, a.cfg.Limits)", "return nil"}},
		tests: "NoIdentityUsesUp", in: inEngine,
	},
	{
		name: "one identity leaves all tombstones", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"case c.account.entries >= a.cfg.Limits.IdentityLeases:", "case false:"}},
		tests: "NoIdentityUsesUp", in: inEngine,
	},
	{
		name: "one identity has all places in line", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"case c.account.waiting >= a.cfg.Limits.IdentityWaiting:", "case false:"}},
		tests: "PlacesInLine", in: inEngine,
	},
	{
		name: "one identity watches as often as it likes", file: "internal/grpcapi/watches.go",
		edits: [][2]string{{"w.counts[identity] >= MaxWatches", "false"}},
		tests: "StreamsOfTheHealthService",
	},
	{
		name: "a lease outlives its licence when the licence's file is removed", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"!(e.outlived(at) && pool.exceeded(e.version))", "true"}},
		tests: "AccountedFor|OutlivesItsLicence", in: inSeats + " " + inEngine,
	},
	{
		name: "a restart forgets when the licence of a lease ends", file: "../internal/seats/leases.go",
		edits: [][2]string{{"	e.ending(r.Until)\n", ""}},
		tests: "AccountedFor|OutlivesItsLicence", in: inSeats + " " + inEngine,
	},
	{
		name: "the end of a lease's licence is not written", file: "ledger/bolt/record.go",
		edits: [][2]string{{"if r.Until != 0 {", "if false {"}},
		tests: "OutlivesItsLicence|EndOfALicence", in: inBolt + " " + inEngine,
	},
	{
		name: "leases are not looked at when licences change", file: "../internal/seats/license_ends.go",
		edits: [][2]string{{"l.changed || l.next != 0", "l.next != 0"}},
		tests: "AnotherLicenceHasASeat", in: inEngine,
	},
	{
		name: "a panic ends the server", file: "internal/grpcapi/options.go",
		edits: [][2]string{{"		grpc.UnaryInterceptor(recoverCall(c.Logger)),\n", ""}},
		tests: "PanicCostsOneCall",
	},
	{
		name: "any version of TLS will do", file: "internal/grpcapi/options.go",
		edits: [][2]string{{"config.MinVersion = tls.VersionTLS13", "config.MinVersion = tls.VersionTLS10"}},
		tests: "OnlyClientsWithACertificate",
	},
	{
		name: "messages of any length are read", file: "internal/grpcapi/options.go",
		edits: [][2]string{{"		grpc.MaxRecvMsgSize(wire.MaxMessage),\n", "		grpc.MaxRecvMsgSize(1 << 30),\n"}},
		tests: "Oversized|TooLong",
	},
	{
		name: "records are not checked", file: "ledger/bolt/read.go",
		edits: [][2]string{
			{"if sum != sumOf(value) {", "if false {"},
			{"found.count != h.count || found.sum != h.sum", "found.count != h.count"},
		},
		tests: "FlippedBit", in: inBolt,
	},
	{
		name: "pages of an older commit pass", file: "ledger/bolt/read.go",
		edits: [][2]string{{"found != 1 || h.tx != pages.meta.tx", "found != 1"}},
		tests: "EarlierCommit|AnotherProgram|PowerCut", in: inBolt,
	},
	{
		name: "a queue is served from its end", file: "../internal/seats/queue.go",
		edits: [][2]string{{"q.waiters.PushBack(w)", "q.waiters.PushFront(w)"}},
		tests: "InTurn", in: inSeats + " " + inEngine,
	},
	{
		name: "seats that come back go to nobody in the queue", file: "../internal/seats/allocator.go",
		edits: [][2]string{{"	a.queues.markDirty(a.leases.at(number).pool)\n", ""}},
		tests: "InTurn|ComeBack", in: inSeats + " " + inEngine,
	},
	{
		name: "a position in a queue is kept for good", file: "../internal/seats/queue.go",
		edits: [][2]string{{"now-w.left >= kept", "now-w.left >= kept+1<<60"}},
		tests: "KeepsItsPlace|LeavesNothingBehind", in: inSeats + " " + inEngine,
	},
	{
		name: "an abandoned wait is granted", file: "../internal/seats/blocked_call.go",
		edits: [][2]string{{"	return b.ctx.Err()\n", "	return nil\n"}},
		tests: "InTurn|LeavesNothingBehind", in: inSeats + " " + inEngine,
	},
}
