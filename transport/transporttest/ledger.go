package transporttest

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// tombstoneTimeouts is for how many client timeouts an ended lease and a cancelled request are remembered.
const tombstoneTimeouts = 2

// ledger decides who holds which seats. It keeps the rules that package transport demands of a server. Times are
// nanoseconds since the server was added; now stands still between two calls of advance. A ledger is not safe for
// concurrent use: the lock of its server guards it.
type ledger struct {
	timeout int64 // client timeout
	now     int64
	pools   pools
	clients clients
	leases  leaseTable
}

func newLedger(timeout time.Duration) *ledger {
	return &ledger{timeout: int64(timeout), pools: newPools(), clients: newClients(), leases: newLeaseTable()}
}

// blank returns a ledger that serves the same features and has granted nothing.
func (l *ledger) blank() *ledger {
	b := newLedger(time.Duration(l.timeout))
	b.now, b.pools = l.now, l.pools.blank()
	return b
}

// setTimeout sets the client timeout, for the leases that are held, too.
func (l *ledger) setTimeout(d time.Duration) { l.timeout = int64(d) }

// advance lets time pass: it ends the leases that no heartbeat has named for the client timeout, and forgets old
// tombstones. A lease that expired while nobody looked ended when its client timeout was over.
func (l *ledger) advance(now int64) {
	l.now = now
	for slot, at := l.leases.oldest(); slot != 0 && at+l.timeout <= now; slot, at = l.leases.oldest() {
		l.endAt(slot, messages.Expired, at+l.timeout)
	}
	l.leases.forget(now - tombstoneTimeouts*l.timeout)
}

// restart gives every lease a full client timeout and forgets the queues, as a restart of the server process does.
func (l *ledger) restart() {
	l.leases.renewAll(l.now)
	l.pools.clearQueues()
}

// end ends a lease that lives and frees its seats.
func (l *ledger) end(slot uint32, reason messages.Reason) { l.endAt(slot, reason, l.now) }

func (l *ledger) endAt(slot uint32, reason messages.Reason, at int64) {
	e := l.leases.entry(slot)
	l.pools.at(e.pool).release(int(e.count))
	l.leases.end(slot, reason, at)
}

// revoke ends all leases of a feature as an administrator does, and returns how many these were.
func (l *ledger) revoke(feature string) int {
	revoked := 0
	for slot := range l.leases.live() {
		if l.pools.at(l.leases.entry(slot).pool).feature == feature {
			l.end(slot, messages.Revoked)
			revoked++
		}
	}
	return revoked
}

// take answers one take of a client. The seats that it replaces are freed and its own are granted in one step, or
// nothing changes.
func (l *ledger) take(client uint32, t *transport.Take) transport.Outcome {
	if !wellFormed(t) {
		return refused(t, messages.Malformed)
	}
	if slot := l.leases.findRequest(client, t.Request); slot != 0 {
		return l.repeated(t, slot)
	}
	l.pools.leaveQueue(client, t.Request, refused(t, messages.NoSeats)) // a repeat without Wait gives up the place
	if l.leases.anyRevoked(client, t.Replaces) {
		return refused(t, messages.Revoked)
	}
	p := l.pools.find(t.Feature)
	if reason := p.refusal(t); reason != messages.NoReason {
		return refused(t, reason)
	}
	freed := l.freedBy(client, t)
	if p.mustQueue(t.Count, freed) || !p.fits(t.Count, freed) {
		return refused(t, messages.NoSeats)
	}
	return l.grant(client, t)
}

// wait answers one take that may wait in the queue. When it reports false, the take has joined the queue, or kept its
// place there, and its call is answered later.
func (l *ledger) wait(client uint32, t *transport.Take, call *blockedCall) (o transport.Outcome, decided bool) {
	if !wellFormed(t) {
		return refused(t, messages.Malformed), true
	}
	if w := l.pools.waiter(client, t.Request); w != nil {
		switch {
		case w.take.Feature != t.Feature || w.take.Count != t.Count:
			return refused(t, messages.Malformed), true // the id was used for other seats
		case l.pools.find(t.Feature).refusal(w.asked()) == messages.NoReason:
			w.attach(call, l.now)
			return transport.Outcome{}, false
		}
	}
	o = l.take(client, t)
	p := l.pools.find(t.Feature)
	if o.Reason != messages.NoSeats || t.Count > p.capacity() {
		return o, true
	}
	waiting := *t
	waiting.Replaces = slices.Clone(t.Replaces)
	p.queue.join(&waiter{client: client, take: waiting, call: call})
	return transport.Outcome{}, false
}

// repeated answers a request that was answered before, without executing it.
func (l *ledger) repeated(t *transport.Take, slot uint32) transport.Outcome {
	e := l.leases.entry(slot)
	if e.state != tombstone && (l.pools.at(e.pool).feature != t.Feature || int(e.count) != t.Count) {
		return refused(t, messages.Malformed) // the id was used for other seats
	}
	return l.leases.outcome(slot)
}

// freedBy returns how many seats of its own feature a take frees by what it replaces.
func (l *ledger) freedBy(client uint32, t *transport.Take) int {
	if len(t.Replaces) == 0 {
		return 0
	}
	return l.leases.seatsOf(client, t.Replaces, l.pools.index(t.Feature))
}

// grant frees what a take replaces and grants its seats.
func (l *ledger) grant(client uint32, t *transport.Take) transport.Outcome {
	for _, request := range t.Replaces {
		l.cancel(client, request, messages.Replaced)
	}
	p := l.pools.find(t.Feature)
	overdraft, state := p.hold(t.Count), networkLease
	if p.local {
		state = localLease
	}
	return l.leases.outcome(l.leases.grant(leaseEntry{
		request: t.Request, client: client, pool: l.pools.index(t.Feature), count: int32(t.Count),
		major: uint16(p.version.Major), minor: uint16(p.version.Minor),
		state: state, at: l.now, overdraft: overdraft,
	}))
}

// cancel ends the lease that a request was granted. When the request has not arrived, it leaves a tombstone instead, so
// that the request is never executed.
func (l *ledger) cancel(client uint32, request messages.RequestID, reason messages.Reason) {
	if request == (messages.RequestID{}) {
		return
	}
	l.pools.leaveQueue(client, request, transport.Outcome{Result: transport.Gone, Reason: reason})
	slot := l.leases.findRequest(client, request)
	switch {
	case slot == 0:
		l.leases.cancel(client, request, reason, l.now)
	case l.leases.lives(slot):
		l.end(slot, reason)
	}
}

// beat renews the leases of a client and returns those that it does not hold. It allocates nothing for a lease that is
// held: it is the call that tests of a million leases make most often.
func (l *ledger) beat(client uint32, leases []messages.LeaseID) []transport.Ended {
	var gone []transport.Ended
	for i := range leases {
		slot := l.leases.find(&leases[i])
		e := l.leases.entry(slot)
		switch {
		case slot == 0 || e.client != client:
			gone = append(gone, transport.Ended{Lease: leases[i], Reason: messages.Unknown})
		case e.state == networkLease:
			l.leases.renew(slot, l.now)
		case e.state == tombstone:
			gone = append(gone, transport.Ended{Lease: leases[i], Reason: e.reason})
		}
	}
	return gone
}

// checkin takes back what a client returns. What is unknown, has ended or belongs to another client stays as it is.
func (l *ledger) checkin(client uint32, r *transport.Return) {
	if slot := l.leases.find(&r.Lease); slot != 0 && l.leases.entry(slot).client == client && l.leases.lives(slot) {
		l.end(slot, messages.Returned)
	}
	l.cancel(client, r.Request, messages.Returned)
}

// serveQueues grants free seats to the takes at the front of the queues, answers calls whose Wait is over, and drops
// abandoned places. It returns the next time when there is something to do, 0 when nobody waits.
func (l *ledger) serveQueues() (next int64) {
	kept := int64(transport.Hello{ClientTimeout: time.Duration(l.timeout)}.PlaceKept())
	for _, p := range l.pools.all {
		p.queue.dropAbandoned(l.now, kept)
		p.queue.serve(func(w *waiter) (transport.Outcome, bool) { return l.decide(p, w) })
		if p.queue.len() == 0 {
			continue
		}
		next = earlier(next, p.queue.expire(l.now, kept))
		if slot, at := l.leases.oldest(); slot != 0 {
			next = earlier(next, at+l.timeout)
		}
	}
	return next
}

// decide answers the take at the front of a queue, unless it must go on waiting. A take that the pool no longer serves
// is refused; nothing is granted while no call waits for the take.
func (l *ledger) decide(p *pool, w *waiter) (o transport.Outcome, decided bool) {
	if reason := p.refusal(w.asked()); reason != messages.NoReason {
		return refused(w.asked(), reason), true
	}
	if w.call == nil || !p.fits(w.take.Count, l.freedBy(w.client, w.asked())) {
		return transport.Outcome{}, false
	}
	return l.grant(w.client, w.asked()), true
}

// detach ends the calls of waiters for which ended returns true. The places are kept for a while.
func (l *ledger) detach(err error, ended func(*waiter) bool) {
	for w := range l.pools.waiters() {
		if w.call != nil && ended(w) {
			w.detach(err, l.now)
		}
	}
}

// list returns the leases that have not ended, in no particular order.
func (l *ledger) list() []Lease {
	leases := []Lease{}
	for slot := range l.leases.live() {
		e := l.leases.entry(slot)
		lease := Lease{
			ID:       l.leases.id(slot),
			Request:  e.request,
			Instance: l.clients.instance(e.client),
			Feature:  l.pools.at(e.pool).feature,
			Count:    int(e.count),
			Local:    e.state == localLease,
		}
		if !lease.Local {
			lease.Age = time.Duration(l.now - e.at)
		}
		leases = append(leases, lease)
	}
	return leases
}

// wellFormed reports whether a take keeps the bounds of package transport.
func wellFormed(t *transport.Take) bool {
	return t.Request != messages.RequestID{} && t.Count >= 1 && t.Count <= messages.MaxCount &&
		len(t.Replaces) <= transport.MaxReplaces && !slices.Contains(t.Replaces, t.Request)
}

func refused(t *transport.Take, reason messages.Reason) transport.Outcome {
	return transport.Outcome{Request: t.Request, Result: transport.Refused, Reason: reason}
}
