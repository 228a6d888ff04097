package server

// mutations are the safeguards, each with what it takes to be without it.
var mutations = []mutation{
	{
		name: "the ledger is not synced", file: "ledger/bolt/session.go",
		edits: [][2]string{{"= test.NoSync, test.NoSync", "= true, true"}},
		tests: "DiskDoesNotTake",
	},
	{
		name: "an append that failed is tried again", file: "ledger/bolt/session.go",
		edits: [][2]string{{"if s.failed == nil {", "if true {"}},
		tests: "FailedAppend|DiskRefuses", in: "./ledger/bolt",
	},
	{
		name: "the server goes on after its ledger failed", file: "committer.go",
		edits: [][2]string{{`return fmt.Errorf("append to ledger: %w", err)`, "return nil"}},
		tests: "LedgerFails",
	},
	{
		name: "a commit answers before it appends", file: "committer.go",
		edits: [][2]string{
			{"		o.err = e.decide(o, now)\n	}\n", "		o.err = e.decide(o, now)\n		close(o.done)\n	}\n"},
			{"		e.book.kept()\n	}\n	for _, o := range ops {\n		close(o.done)\n	}\n", "		e.book.kept()\n	}\n"},
		},
		tests: "BeforeItIsDurable|LedgerFails|Kills",
	},
	{
		name: "a repeated request is executed again", file: "book_take.go",
		edits: [][2]string{{"b.lookup(c, t.request); known {", "b.lookup(c, t.request); known && false {"}},
		tests: "AccountedFor|Linearizable|Replayed",
	},
	{
		name: "a request id counts whoever names it", file: "book.go",
		edits: [][2]string{
			{"b.requests[requestKey{c.index, request}]\n", "b.requests[requestKey{0, request}]\n"},
			{"b.requests[requestKey{c.index, request}] = number", "b.requests[requestKey{0, request}] = number"},
		},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a refused take frees what it names to replace", file: "book_take.go",
		edits: [][2]string{{
			"	old, o := b.replaceable(c, t.replaces)\n",
			"	old, o := b.replaceable(c, t.replaces)\n	for _, r := range t.replaces {\n		b.cancel(c, r, messages.Replaced, now)\n		old = nil\n	}\n",
		}},
		tests: "AccountedFor|Linearizable|AtOnce",
	},
	{
		name: "a grant leaves what it replaces", file: "book_end.go",
		edits: [][2]string{{"case b.at(number).state == entryHeld:", "case b.at(number).state == entryHeld && reason != messages.Replaced:"}},
		tests: "AccountedFor|Linearizable|AtOnce",
	},
	{
		name: "a revoked lease is replaced", file: "book_take.go",
		edits: [][2]string{{"e.state == entryEnded && e.reason == messages.Revoked", "false"}},
		tests: "AccountedFor|Operator",
	},
	{
		name: "a cancelled request leaves no tombstone", file: "book_end.go",
		edits: [][2]string{{"	case !known:\n", "	case !known:\n		return\n"}},
		tests: "AccountedFor|Linearizable",
	},
	{
		name: "tombstones are forgotten at once", file: "book_end.go",
		edits: [][2]string{{"now - 2*b.timeout", "now"}},
		tests: "TwoClientTimeouts|AccountedFor",
	},
	{
		name: "an end is not written", file: "book_end.go",
		edits: [][2]string{{"	e.seq = b.record(Record{\n		Kind: RecordEnd,", "	_ = (Record{\n		Kind: RecordEnd,"}, {"Reason: reason,\n	}, e.seq)", "Reason: reason,\n	})"}},
		tests: "TwoClientTimeouts|AccountedFor",
	},
	{
		name: "a restart gives leases half their time", file: "book_load.go",
		edits: [][2]string{{"[12]byte(r.Lease[4:]), c.index, 0)", "[12]byte(r.Lease[4:]), c.index, -l.book.timeout/2)"}},
		tests: "FullClientTimeout",
	},
	{
		name: "the time of leases begins before anybody can beat them", file: "engine.go",
		edits: [][2]string{{"		e.clock.skip(e.clock.now())\n", ""}},
		tests: "WhenTheServerCanBeReached",
	},
	{
		name: "a stall counts as time without a heartbeat", file: "chores.go",
		edits: [][2]string{{"		e.clock.skip(stall)\n", ""}},
		tests: "Stall",
	},
	{
		name: "leases end after a stall before beats are read", file: "chores.go",
		edits: [][2]string{{"		e.watch.hush(e.clock.now(), stall, e.grace())\n", ""}},
		tests: "Stall",
	},
	{
		name: "the epoch stands still", file: "book_load.go",
		edits: [][2]string{{"Epoch: last.Epoch + 1}", "Epoch: max(last.Epoch, 1)}"}},
		tests: "FullClientTimeout|SessionOpenedAfterARestart",
	},
	{
		name: "a heartbeat renews a lease whoever sends it", file: "table.go",
		edits: [][2]string{{"s.holder != holder || s.secret", "holder == 0 || s.holder == 0 || s.secret"}},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a heartbeat renews whatever is in the slot", file: "table.go",
		edits: [][2]string{{"s.holder != holder || s.secret != [12]byte(ids[at+4:])", "s.holder != holder"}},
		tests: "EveryBit|NextInItsSlot",
	},
	{
		name: "a lease is returned by whoever knows it", file: "book.go",
		edits: [][2]string{{"e.state != entryFree && e.client == c.index", "e.state != entryFree"}},
		tests: "OfNoUseToAnybodyElse",
	},
	{
		name: "a lease is returned by its slot alone", file: "table.go",
		edits: [][2]string{{"return t.secret(number) == [12]byte(id[4:])", "return true"}},
		tests: "EveryBit",
	},
	{
		name: "an instance is anybody's", file: "clients.go",
		edits: [][2]string{{"c != nil && c.holder == h", "c != nil"}, {"c != nil && c.holder != h", "false"}},
		tests: "OfNoUseToWhoGuesses|DeniedToOthers|Replayed",
	},
	{
		name: "an old session goes on", file: "clients.go",
		edits: [][2]string{{"return session == known", "return true"}},
		tests: "Superseded",
	},
	{
		name: "a panic ends the server", file: "options.go",
		edits: [][2]string{{"		grpc.UnaryInterceptor(recoverCall(c.Logger)),\n", ""}},
		tests: "PanicCostsOneCall",
	},
	{
		name: "any version of TLS will do", file: "options.go",
		edits: [][2]string{{"config.MinVersion = tls.VersionTLS13", "config.MinVersion = tls.VersionTLS10"}},
		tests: "OnlyClientsWithACertificate",
	},
	{
		name: "messages of any length are read", file: "options.go",
		edits: [][2]string{{"		grpc.MaxRecvMsgSize(wire.MaxMessage),\n", "		grpc.MaxRecvMsgSize(1 << 30),\n"}},
		tests: "Oversized|TooLong",
	},
	{
		name: "records are not checked", file: "ledger/bolt/read.go",
		edits: [][2]string{
			{"if sum != sumOf(value) {", "if false {"},
			{"found.count != h.count || found.sum != h.sum", "found.count != h.count"},
		},
		tests: "FlippedBit", in: "./ledger/bolt",
	},
	{
		name: "pages of an older commit pass", file: "ledger/bolt/read.go",
		edits: [][2]string{{"found != 1 || h.tx != pages.meta.tx", "found != 1"}},
		tests: "EarlierCommit|AnotherProgram|PowerCut", in: "./ledger/bolt",
	},
	{
		name: "a line is served from its end", file: "book_line.go",
		edits: [][2]string{{"p.line.PushBack(pl)", "p.line.PushFront(pl)"}},
		tests: "InTurn",
	},
	{
		name: "seats that come back go to nobody in line", file: "book_end.go",
		edits: [][2]string{{"	b.stir(e.pool)\n", ""}},
		tests: "InTurn|ComeBack",
	},
	{
		name: "a place is kept for good", file: "book_line.go",
		edits: [][2]string{{"now-pl.left >= kept", "now-pl.left >= kept+1<<60"}},
		tests: "KeepsItsPlace|LeavesNothingBehind",
	},
	{
		name: "an abandoned wait is granted", file: "engine_wait.go",
		edits: [][2]string{{"	return h.ctx.Err()\n", "	return nil\n"}},
		tests: "InTurn|LeavesNothingBehind",
	},
}
