package actors

import (
	"slices"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// leave: a feature moved on, or ended. Everything of it is owed but the lease it says it keeps here.
func (c *connection) leave(now instant, o *leaveOrder) []effect {
	if c.overtaken(o) {
		return nil
	}
	id := o.feature.ID()
	if t := c.takes.of[id]; t != nil && t.number <= o.upTo {
		t.call.answer(o.outcome())
		c.giveUp(now, t)
	}
	var effects []effect
	if s, ok := c.table.slot(o.feature); ok {
		c.leaveSlot(now, s, o)
	} else if o.keep == c.link && o.held != 0 {
		effects = []effect{tell{o.feature, &leaseEnded{link: c.link, reason: messages.Unknown}}} // lost in a restart of ours
	}
	if o.keep != c.link {
		delete(c.debts.waits, id)
		c.debts.takeCall(id).answer(o.outcome())
	}
	if o.origin == c.link {
		c.debts.wait(id, o.call)
		if c.session == nil || c.broken {
			c.debts.answer(id)
		}
	}
	return effects
}

// outcome is what the order means to the application's heartbeat that waits for the feature's seats.
func (o *leaveOrder) outcome() error {
	switch {
	case o.keep == nil:
		return errDecided
	case o.held == 0:
		return transportError("the seats are looked for elsewhere")
	default:
		return nil
	}
}

// overtaken reports whether the feature has asked for seats here since it gave the order, whose way is longer.
func (c *connection) overtaken(o *leaveOrder) bool {
	s, ok := c.table.slot(o.feature)
	t := c.takes.of[o.feature.ID()]
	return ok && (c.table.number[s] > o.upTo || t != nil && t.mode == retakeMode && t.number > o.upTo)
}

func (c *connection) leaveSlot(now instant, s int32, o *leaveOrder) {
	kept := o.keep == c.link && c.table.number[s] == o.held
	switch {
	case kept:
	case o.keep == c.link:
		if c.table.hasLease(s) {
			c.debts.owe(now, o.feature.ID(), c.table.request[s])
			c.table.drop(s)
		}
	default:
		c.debts.owe(now, o.feature.ID(), c.table.request[s])
		c.table.remove(s)
	}
}

// sendReturns gives back what is owed, in batches.
func (c *connection) sendReturns(now instant) []effect {
	var effects []effect
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
	c.debts.enqueue(c.debts.of[t.feature.ID()]...)
}

// returnsAnswered strikes out what the server took back; everything else is sent again.
func (c *connection) returnsAnswered(now instant, in *returnsAnswered) []effect {
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
func (c *connection) returnsFailed(now instant, b *returnBatch, err error) []effect {
	refusal := transport.AsRefusal(err)
	var effects []effect
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
		return []effect{warn{"the server refuses to take seats back",
			[]any{"server", c.link.Server().String(), "requests", len(b.debts), "error", err.Error()}}}
	}
	c.debts.enqueue(b.debts...)
	c.debts.answerAll()
	c.planRetry(now)
	return effects
}

// beatOrdered: the application beats by itself (rule 2), or wants a beat now.
func (c *connection) beatOrdered(now instant, o *beatOrder) []effect {
	s, ok := c.table.slot(o.feature)
	switch {
	case !ok:
		return []effect{reply{o.call, notHere(o.feature)}}
	case !c.table.hasLease(s) && (c.takes.of[o.feature.ID()] != nil || !c.broken):
		c.awaitTake(now, o.feature, o.call)
	case c.flight != nil && c.set.automatic():
		c.flight.calls = append(c.flight.calls, beatCall{o.feature, o.call})
	default:
		c.calls = append(c.calls, beatCall{o.feature, o.call})
		c.urgent = true
	}
	return nil
}

// notHere is what a heartbeat is told of a feature that this connection does not know any more: it ended, or it followed
// to another server. One that ended showed it before it told us.
func notHere(f *Feature) error {
	if f.State().Live() {
		return transportError("the seats are looked for elsewhere")
	}
	return errDecided
}

// awaitTake lets the application's heartbeat wait for the take of its feature, which is here or under way to us. The last
// of several calls waits.
func (c *connection) awaitTake(now instant, f *Feature, waiting *promise) {
	if t := c.takes.of[f.ID()]; t != nil {
		c.urge(now, t, waiting)
		return
	}
	c.debts.takeCall(f.ID()).answer(transportError("another call asked again"))
	c.debts.waiting[f.ID()] = waiting
}

// urge repeats a take for the application, which waits for its answer; not before the server's retry-after (rule 18).
func (c *connection) urge(now instant, t *take, waiting *promise) {
	t.call.answer(transportError("another call asked again"))
	t.call = waiting
	c.urgent = true
	switch {
	case t.flying:
	case now.before(t.putOff):
		c.takes.hold(t, t.putOff)
	default:
		t.notBefore = instant{}
		c.takes.queue = append(c.takes.queue, t)
	}
}

// answerCall answers the application's heartbeat after a good beat: at once if the lease lives, else after the take that
// the feature is about to ask for.
func (c *connection) answerCall(now instant, b beatCall) []effect {
	s, ok := c.table.slot(b.feature)
	switch {
	case ok && c.table.hasLease(s):
		return []effect{reply{b.call, nil}}
	case !ok:
		return []effect{reply{b.call, notHere(b.feature)}}
	default:
		c.awaitTake(now, b.feature, b.call)
		return nil
	}
}

// failCall ends the application's wait for a take; the take goes on.
func (c *connection) failCall(t *take, cause string) []effect {
	if t.call == nil {
		return nil
	}
	waiting := t.call
	t.call = nil
	return []effect{reply{waiting, transportError(cause)}}
}

// failTakeCalls does so for all takes.
func (c *connection) failTakeCalls(cause string) []effect {
	var effects []effect
	for _, t := range c.takes.choose(func(t *take) bool { return t.call != nil }) {
		effects = append(effects, c.failCall(t, cause)...)
	}
	return effects
}
