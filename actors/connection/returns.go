package connection

import (
	"slices"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// leave: a feature moved on, or ended. Everything of it is owed but the lease it says it keeps here.
func (c *Machine) leave(now protocol.Instant, o *protocol.ReleaseOrder) []protocol.Effect {
	if c.overtaken(o) {
		return nil
	}
	id := o.Member.ID()
	if t := c.takes.of[id]; t != nil && t.number <= o.UpTo {
		t.call.Answer(heartbeatOutcome(o))
		c.giveUp(now, t)
	}
	var effects []protocol.Effect
	if s, ok := c.table.slot(o.Member); ok {
		c.leaveSlot(now, s, o)
	} else if o.Except == c.ref && o.Held != 0 {
		effects = []protocol.Effect{protocol.Tell{To: o.Member, In: &protocol.LeaseEnded{Connection: c.ref, Reason: messages.Unknown}}} // lost in a restart of ours
	}
	if o.Except != c.ref {
		delete(c.debts.waits, id)
		c.debts.takeCall(id).Answer(heartbeatOutcome(o))
	}
	if o.Origin == c.ref {
		c.debts.wait(id, o.Reply)
		if c.session == nil || c.broken {
			c.debts.answer(id)
		}
	}
	return effects
}

// heartbeatOutcome is what the order means to the application's heartbeat that waits for the feature's seats.
func heartbeatOutcome(o *protocol.ReleaseOrder) error {
	switch {
	case o.Except == nil:
		return protocol.ErrLicenseGone
	case o.Held == 0:
		return protocol.TransportError("the seats are looked for elsewhere")
	default:
		return nil
	}
}

// overtaken reports whether the feature has asked for seats here since it gave the order, whose way is longer.
func (c *Machine) overtaken(o *protocol.ReleaseOrder) bool {
	s, ok := c.table.slot(o.Member)
	t := c.takes.of[o.Member.ID()]
	return ok && (c.table.number[s] > o.UpTo || t != nil && t.mode == protocol.RetakeMode && t.number > o.UpTo)
}

func (c *Machine) leaveSlot(now protocol.Instant, s int32, o *protocol.ReleaseOrder) {
	kept := o.Except == c.ref && c.table.number[s] == o.Held
	switch {
	case kept:
	case o.Except == c.ref:
		if c.table.hasLease(s) {
			c.debts.owe(now, o.Member.ID(), c.table.request[s])
			c.table.drop(s)
		}
	default:
		c.debts.owe(now, o.Member.ID(), c.table.request[s])
		c.table.remove(s)
	}
}

// sendReturns gives back what is owed, in batches.
func (c *Machine) sendReturns(now protocol.Instant) []protocol.Effect {
	var effects []protocol.Effect
	for len(c.debts.batches) < maxBatches && c.session != nil && !now.Before(c.askAfter) {
		debts := c.debts.pop(transport.MaxBatch, c.replacing)
		if len(debts) == 0 {
			break
		}
		wire := make([]transport.Return, len(debts))
		for i, d := range debts {
			d.flying = true
			wire[i] = transport.Return{Request: d.request}
		}
		c.seq++
		c.debts.batches[c.seq] = &returnBatch{debts: debts, life: c.life, session: c.session}
		effects = append(effects, CheckinAll{Seq: c.seq, Session: c.session, Returns: wire, Timeout: c.set.ConnectTimeout})
	}
	return effects
}

// replacing reports whether a take is to replace what is owed: a return beside it could make the seats free for somebody
// else in between (rule 13).
func (c *Machine) replacing(d *debt) bool {
	t := c.takes.of[d.claim]
	return t != nil && slices.Contains(t.replaces, d.request)
}

// drop strikes out a take that came to nothing: what it would have replaced is to be returned.
func (c *Machine) drop(t *take) {
	c.takes.remove(t)
	c.debts.enqueue(c.debts.of[t.member.ID()]...)
}

// returnsAnswered strikes out what the server took back; everything else is sent again.
func (c *Machine) returnsAnswered(now protocol.Instant, in *ReturnsAnswered) []protocol.Effect {
	b := c.debts.batches[in.Seq]
	if b == nil {
		return nil
	}
	delete(c.debts.batches, in.Seq)
	for _, d := range b.debts {
		d.flying = false
	}
	hello, ok := said(in.Reply.Hello, in.Err)
	if !ok {
		return c.returnsFailed(now, b, in.Err)
	}
	verdict, effects := c.learn(now, hello, b.life)
	switch verdict {
	case staleLife:
		c.debts.enqueue(b.debts...)
		return effects
	case stranger:
		c.debts.enqueue(b.debts...)
		return append(effects, c.strangerReplied(b.session, hello, nil)...)
	}
	if in.Err != nil {
		return append(effects, c.returnsFailed(now, b, in.Err)...)
	}
	c.answered(now, verdict == newLife)
	for _, d := range b.debts {
		c.debts.strike(d)
	}
	return effects
}

// returnsFailed: a checkin waits no longer for a server that does not answer; the debt stays (rule 19). A server that
// refuses a return for good will not take it later either.
func (c *Machine) returnsFailed(now protocol.Instant, b *returnBatch, err error) []protocol.Effect {
	refusal := transport.AsRefusal(err)
	var effects []protocol.Effect
	switch {
	case refusal == nil:
		effects = c.dropSession(b.session)
	case refusal.RetryAfter > 0:
		c.hear(now)
		c.askAfter = protocol.Later(c.askAfter, now.After(c.honoured(refusal.RetryAfter)))
	default:
		c.hear(now)
		for _, d := range b.debts {
			c.debts.strike(d)
		}
		return []protocol.Effect{protocol.Warn{Text: "the server refuses to take seats back",
			Args: []any{"server", c.ref.Server().String(), "requests", len(b.debts), "error", err.Error()}}}
	}
	c.debts.enqueue(b.debts...)
	c.debts.answerAll()
	c.planRetry(now)
	return effects
}

// beatOrdered: the application beats by itself (rule 2), or wants a beat now.
func (c *Machine) beatOrdered(now protocol.Instant, o *protocol.BeatOrder) []protocol.Effect {
	s, ok := c.table.slot(o.Member)
	switch {
	case !ok:
		return []protocol.Effect{protocol.Answer{Reply: o.Reply, Err: notHere(o.Member)}}
	case !c.table.hasLease(s) && (c.takes.of[o.Member.ID()] != nil || !c.broken):
		c.awaitTake(now, o.Member, o.Reply)
	case c.flight != nil && c.set.Automatic():
		c.flight.calls = append(c.flight.calls, beatCall{o.Member, o.Reply})
	default:
		c.calls = append(c.calls, beatCall{o.Member, o.Reply})
		c.urgent = true
	}
	return nil
}

// notHere is what a heartbeat is told of a feature that this connection does not know any more: it ended, or it followed
// to another server. One that ended showed it before it told us.
func notHere(f *protocol.Member) error {
	if f.State().Live() {
		return protocol.TransportError("the seats are looked for elsewhere")
	}
	return protocol.ErrLicenseGone
}

// awaitTake lets the application's heartbeat wait for the take of its feature, which is here or under way to us. The last
// of several calls waits.
func (c *Machine) awaitTake(now protocol.Instant, f *protocol.Member, waiting *protocol.Reply) {
	if t := c.takes.of[f.ID()]; t != nil {
		c.urge(now, t, waiting)
		return
	}
	c.debts.takeCall(f.ID()).Answer(protocol.TransportError("another call asked again"))
	c.debts.waiting[f.ID()] = waiting
}

// urge repeats a take for the application, which waits for its answer; not before the server's retry-after (rule 18).
func (c *Machine) urge(now protocol.Instant, t *take, waiting *protocol.Reply) {
	t.call.Answer(protocol.TransportError("another call asked again"))
	t.call = waiting
	c.urgent = true
	switch {
	case t.flying:
	case now.Before(t.putOff):
		c.takes.hold(t, t.putOff)
	default:
		t.notBefore = protocol.Instant{}
		c.takes.queue = append(c.takes.queue, t)
	}
}

// answerCall answers the application's heartbeat after a good beat: at once if the lease lives, else after the take that
// the feature is about to ask for.
func (c *Machine) answerCall(now protocol.Instant, b beatCall) []protocol.Effect {
	s, ok := c.table.slot(b.member)
	switch {
	case ok && c.table.hasLease(s):
		return []protocol.Effect{protocol.Answer{Reply: b.call, Err: nil}}
	case !ok:
		return []protocol.Effect{protocol.Answer{Reply: b.call, Err: notHere(b.member)}}
	default:
		c.awaitTake(now, b.member, b.call)
		return nil
	}
}

// failCall ends the application's wait for a take; the take goes on.
func (c *Machine) failCall(t *take, cause string) []protocol.Effect {
	if t.call == nil {
		return nil
	}
	waiting := t.call
	t.call = nil
	return []protocol.Effect{protocol.Answer{Reply: waiting, Err: protocol.TransportError(cause)}}
}

// failTakeCalls does so for all takes.
func (c *Machine) failTakeCalls(cause string) []protocol.Effect {
	var effects []protocol.Effect
	for _, t := range c.takes.choose(func(t *take) bool { return t.call != nil }) {
		effects = append(effects, c.failCall(t, cause)...)
	}
	return effects
}
