package actors

import (
	"slices"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// leave: a feature moved on, or ended. Everything of it is owed but the lease it says it keeps here.
func (c *connection) leave(now Instant, o *releaseOrder) []Effect {
	if c.overtaken(o) {
		return nil
	}
	id := o.member.ID()
	if t := c.takes.of[id]; t != nil && t.number <= o.upTo {
		t.call.Answer(o.outcome())
		c.giveUp(now, t)
	}
	var effects []Effect
	if s, ok := c.table.slot(o.member); ok {
		c.leaveSlot(now, s, o)
	} else if o.except == c.ref && o.held != 0 {
		effects = []Effect{tell{o.member, &leaseEnded{connection: c.ref, reason: messages.Unknown}}} // lost in a restart of ours
	}
	if o.except != c.ref {
		delete(c.debts.waits, id)
		c.debts.takeCall(id).Answer(o.outcome())
	}
	if o.origin == c.ref {
		c.debts.wait(id, o.reply)
		if c.session == nil || c.broken {
			c.debts.answer(id)
		}
	}
	return effects
}

// outcome is what the order means to the application's heartbeat that waits for the feature's seats.
func (o *releaseOrder) outcome() error {
	switch {
	case o.except == nil:
		return ErrLicenseGone
	case o.held == 0:
		return TransportError("the seats are looked for elsewhere")
	default:
		return nil
	}
}

// overtaken reports whether the feature has asked for seats here since it gave the order, whose way is longer.
func (c *connection) overtaken(o *releaseOrder) bool {
	s, ok := c.table.slot(o.member)
	t := c.takes.of[o.member.ID()]
	return ok && (c.table.number[s] > o.upTo || t != nil && t.mode == retakeMode && t.number > o.upTo)
}

func (c *connection) leaveSlot(now Instant, s int32, o *releaseOrder) {
	kept := o.except == c.ref && c.table.number[s] == o.held
	switch {
	case kept:
	case o.except == c.ref:
		if c.table.hasLease(s) {
			c.debts.owe(now, o.member.ID(), c.table.request[s])
			c.table.drop(s)
		}
	default:
		c.debts.owe(now, o.member.ID(), c.table.request[s])
		c.table.remove(s)
	}
}

// sendReturns gives back what is owed, in batches.
func (c *connection) sendReturns(now Instant) []Effect {
	var effects []Effect
	for len(c.debts.batches) < maxBatches && c.session != nil && !now.before(c.askAfter) {
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
		effects = append(effects, checkinAll{seq: c.seq, session: c.session, returns: wire, timeout: c.set.ConnectTimeout})
	}
	return effects
}

// replacing reports whether a take is to replace what is owed: a return beside it could make the seats free for somebody
// else in between (rule 13).
func (c *connection) replacing(d *debt) bool {
	t := c.takes.of[d.claim]
	return t != nil && slices.Contains(t.replaces, d.request)
}

// drop strikes out a take that came to nothing: what it would have replaced is to be returned.
func (c *connection) drop(t *take) {
	c.takes.remove(t)
	c.debts.enqueue(c.debts.of[t.member.ID()]...)
}

// returnsAnswered strikes out what the server took back; everything else is sent again.
func (c *connection) returnsAnswered(now Instant, in *returnsAnswered) []Effect {
	b := c.debts.batches[in.seq]
	if b == nil {
		return nil
	}
	delete(c.debts.batches, in.seq)
	for _, d := range b.debts {
		d.flying = false
	}
	hello, ok := said(in.reply.Hello, in.err)
	if !ok {
		return c.returnsFailed(now, b, in.err)
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
	if in.err != nil {
		return append(effects, c.returnsFailed(now, b, in.err)...)
	}
	c.answered(now, verdict == newLife)
	for _, d := range b.debts {
		c.debts.strike(d)
	}
	return effects
}

// returnsFailed: a checkin waits no longer for a server that does not answer; the debt stays (rule 19). A server that
// refuses a return for good will not take it later either.
func (c *connection) returnsFailed(now Instant, b *returnBatch, err error) []Effect {
	refusal := transport.AsRefusal(err)
	var effects []Effect
	switch {
	case refusal == nil:
		effects = c.dropSession(b.session)
	case refusal.RetryAfter > 0:
		c.hear(now)
		c.askAfter = later(c.askAfter, now.after(c.honoured(refusal.RetryAfter)))
	default:
		c.hear(now)
		for _, d := range b.debts {
			c.debts.strike(d)
		}
		return []Effect{warn{"the server refuses to take seats back",
			[]any{"server", c.ref.Server().String(), "requests", len(b.debts), "error", err.Error()}}}
	}
	c.debts.enqueue(b.debts...)
	c.debts.answerAll()
	c.planRetry(now)
	return effects
}

// beatOrdered: the application beats by itself (rule 2), or wants a beat now.
func (c *connection) beatOrdered(now Instant, o *beatOrder) []Effect {
	s, ok := c.table.slot(o.member)
	switch {
	case !ok:
		return []Effect{answer{o.reply, notHere(o.member)}}
	case !c.table.hasLease(s) && (c.takes.of[o.member.ID()] != nil || !c.broken):
		c.awaitTake(now, o.member, o.reply)
	case c.flight != nil && c.set.automatic():
		c.flight.calls = append(c.flight.calls, beatCall{o.member, o.reply})
	default:
		c.calls = append(c.calls, beatCall{o.member, o.reply})
		c.urgent = true
	}
	return nil
}

// notHere is what a heartbeat is told of a feature that this connection does not know any more: it ended, or it followed
// to another server. One that ended showed it before it told us.
func notHere(f *Member) error {
	if f.State().Live() {
		return TransportError("the seats are looked for elsewhere")
	}
	return ErrLicenseGone
}

// awaitTake lets the application's heartbeat wait for the take of its feature, which is here or under way to us. The last
// of several calls waits.
func (c *connection) awaitTake(now Instant, f *Member, waiting *Reply) {
	if t := c.takes.of[f.ID()]; t != nil {
		c.urge(now, t, waiting)
		return
	}
	c.debts.takeCall(f.ID()).Answer(TransportError("another call asked again"))
	c.debts.waiting[f.ID()] = waiting
}

// urge repeats a take for the application, which waits for its answer; not before the server's retry-after (rule 18).
func (c *connection) urge(now Instant, t *take, waiting *Reply) {
	t.call.Answer(TransportError("another call asked again"))
	t.call = waiting
	c.urgent = true
	switch {
	case t.flying:
	case now.before(t.putOff):
		c.takes.hold(t, t.putOff)
	default:
		t.notBefore = Instant{}
		c.takes.queue = append(c.takes.queue, t)
	}
}

// answerCall answers the application's heartbeat after a good beat: at once if the lease lives, else after the take that
// the feature is about to ask for.
func (c *connection) answerCall(now Instant, b beatCall) []Effect {
	s, ok := c.table.slot(b.member)
	switch {
	case ok && c.table.hasLease(s):
		return []Effect{answer{b.call, nil}}
	case !ok:
		return []Effect{answer{b.call, notHere(b.member)}}
	default:
		c.awaitTake(now, b.member, b.call)
		return nil
	}
}

// failCall ends the application's wait for a take; the take goes on.
func (c *connection) failCall(t *take, cause string) []Effect {
	if t.call == nil {
		return nil
	}
	waiting := t.call
	t.call = nil
	return []Effect{answer{waiting, TransportError(cause)}}
}

// failTakeCalls does so for all takes.
func (c *connection) failTakeCalls(cause string) []Effect {
	var effects []Effect
	for _, t := range c.takes.choose(func(t *take) bool { return t.call != nil }) {
		effects = append(effects, c.failCall(t, cause)...)
	}
	return effects
}
