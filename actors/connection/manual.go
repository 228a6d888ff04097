package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// manual is the conversation with the application about heartbeats that it asks for itself (rule 2). Such a call is
// answered by a heartbeat, or, when the feature has no lease, by the take that the feature asks for next.
type manual struct {
	set       *protocol.Settings
	out       *notices
	dialer    *dialer
	throttle  *throttle
	beats     *beats
	checkouts *checkouts
	calls     []beatCall                 // wait for the next heartbeat
	nextTake  map[uint64]*protocol.Reply // by claim ID: wait for the next take of the claim
}

// beatCall is the application's own heartbeat.
type beatCall struct {
	member *protocol.Member
	reply  *protocol.Reply
	asked  protocol.Instant
}

// ordered takes a call of the application: it starts a heartbeat, joins the one under way, or waits for the take of a
// feature that has no lease.
func (m *manual) ordered(now protocol.Instant, o *protocol.BeatOrder) {
	leases := &m.checkouts.leases
	s, ok := leases.slot(o.Member)
	switch {
	case !ok:
		m.out.answer(o.Reply, notHere(o.Member))
	case !leases.hasLease(s) && (m.checkouts.takes.of[o.Member.ID()] != nil || !m.beats.recovering || !m.set.Automatic()):
		m.awaitTake(now, o.Member, o.Reply)
	case m.beats.inFlight != nil && m.set.Automatic():
		m.beats.inFlight.join(beatCall{o.Member, o.Reply, now})
	default:
		m.calls = append(m.calls, beatCall{o.Member, o.Reply, now})
		m.dialer.retryNow()
	}
}

// notHere is the answer about a feature that this connection does not know any more: the feature has ended, or it
// followed to another server. A feature that ends shows its final state before it tells this connection.
func notHere(f *protocol.Member) error {
	if f.State().Live() {
		return protocol.TransportError("the seats are looked for elsewhere")
	}
	return protocol.ErrLicenseGone
}

// waiting reports whether a call waits for the next heartbeat.
func (m *manual) waiting() bool { return len(m.calls) > 0 }

// takeCalls returns the calls that wait for the next heartbeat, and forgets them. again puts calls back, such as those
// of a heartbeat that is sent again.
func (m *manual) takeCalls() []beatCall {
	calls := m.calls
	m.calls = nil
	return calls
}

func (m *manual) again(calls []beatCall) { m.calls = append(calls, m.calls...) }

// review takes out the calls that no heartbeat is to be sent for any more: their caller has left, or, with heartbeats by hand,
// their feature has no lease. Such a feature is about to take its seats again.
func (m *manual) review(now protocol.Instant) {
	for _, b := range m.takeCalls() {
		s, ok := m.checkouts.leases.slot(b.member)
		switch {
		case !b.reply.Awaited():
		case m.set.Automatic():
			m.calls = append(m.calls, b)
		case !ok:
			m.out.answer(b.reply, notHere(b.member))
		case !m.checkouts.leases.hasLease(s):
			m.awaitTake(now, b.member, b.reply)
		default:
			m.calls = append(m.calls, b)
		}
	}
}

// leases returns the leases that the waiting calls are about, and the slot of each.
func (m *manual) leases() ([]messages.LeaseID, []int32) {
	var ids []messages.LeaseID
	var slots []int32
	table := &m.checkouts.leases
	for _, b := range m.calls {
		if s, ok := table.leaseOf(b.member); ok {
			ids, slots = append(ids, table.lease[s]), append(slots, s)
		}
	}
	return ids, slots
}

// answer answers calls after a good heartbeat. If the lease lives, the call is answered at once; otherwise it waits for
// the take that the feature is about to ask for.
func (m *manual) answer(now protocol.Instant, calls []beatCall) {
	for _, b := range calls {
		s, ok := m.checkouts.leases.slot(b.member)
		switch {
		case !ok:
			m.out.answer(b.reply, notHere(b.member))
		case m.checkouts.leases.hasLease(s):
			m.out.answer(b.reply, nil)
		default:
			m.awaitTake(now, b.member, b.reply)
		}
	}
}

// fail ends calls that wait for a heartbeat.
func (m *manual) fail(calls []beatCall, err error) {
	for _, b := range calls {
		m.out.answer(b.reply, err)
	}
}

// overtaken is the answer to a call that waits for a take when another call comes: the last one waits.
const overtaken = protocol.TransportError("another call asked again")

// awaitTake lets a call wait for the take of its feature, which is here or on its way to this connection.
func (m *manual) awaitTake(now protocol.Instant, f *protocol.Member, call *protocol.Reply) {
	if t := m.checkouts.takes.of[f.ID()]; t != nil {
		m.retryNow(now, t, call)
		return
	}
	m.takeCall(f.ID()).Answer(overtaken)
	m.nextTake[f.ID()] = call
}

// retryNow repeats a take for a call that waits for the answer, but not before the server's retry-after (rule 18).
func (m *manual) retryNow(now protocol.Instant, t *take, call *protocol.Reply) {
	t.await(call).Answer(overtaken)
	m.dialer.retryNow()
	if t.inFlight {
		return
	}
	if until, wait := m.throttle.repeatAfter(now, t.member.ID()); wait {
		m.checkouts.takes.delay(t, until)
		return
	}
	m.checkouts.takes.sendNow(t)
}

// takeCall returns the call that waits for the claim's next take, once; nil if there is none.
func (m *manual) takeCall(claim uint64) *protocol.Reply {
	call := m.nextTake[claim]
	delete(m.nextTake, claim)
	return call
}

// failTake ends the application's wait for a take. The take goes on.
func (m *manual) failTake(t *take, cause string) {
	m.out.answer(t.await(nil), protocol.TransportError(cause))
}

// unreached ends every wait for the server. A call that joined the connect when that was under way gets one of its own.
func (m *manual) unreached(w waitEnded) {
	for _, b := range m.takeCalls() {
		if !w.decided && w.began.Before(b.asked) {
			m.again([]beatCall{b})
			m.dialer.retryNow()
			continue
		}
		m.out.answer(b.reply, protocol.TransportError(w.cause))
	}
	for _, t := range m.checkouts.takes.awaited() {
		m.failTake(t, w.cause)
	}
}

// failAll ends the waits of a machine that panicked, except those for a take that is pending here.
func (m *manual) failAll(out *notices, cause string) {
	for _, b := range m.calls {
		out.answer(b.reply, protocol.TransportError(cause))
	}
	for _, call := range m.nextTake {
		out.answer(call, protocol.TransportError(cause))
	}
}
