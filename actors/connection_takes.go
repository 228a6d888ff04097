package actors

import (
	"encoding/binary"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// maxBatches is how many Checkout calls of one connection may be under way, and how many Checkin calls.
const maxBatches = 2

// take: a feature asks for seats here. At its origin a sweeping feature first asks for the lease it has (rule 6).
func (c *connection) take(now Instant, o *takeOrder) []Effect {
	if c.draining {
		return nil
	}
	slot, isOrigin := c.table.slot(o.member)
	if len(c.addresses) == 0 && c.heir != nil && !isOrigin { // it was meant for whoever is at the address
		return []Effect{forward{c.heir, o}}
	}
	if isOrigin && o.mode == roundMode && c.table.hasLease(slot) {
		return c.ask(now, o)
	}
	if isOrigin && o.mode == retakeMode && c.table.hasLease(slot) {
		return c.grantedBefore(slot, o)
	}
	if old := c.takes.of[o.member.ID()]; old != nil {
		if old.number > o.take {
			return nil // it came by a longer way than the later one
		}
		c.giveUp(now, old)
	}
	t := &take{
		member: o.member, number: o.take, mode: o.mode, request: c.newRequest(), began: o.began, timeout: o.timeout,
	}
	if o.mode != waitMode { // who waits holds nothing: what is owed goes back meanwhile
		t.replaces = c.earlier(o.member)
	}
	c.takes.add(t)
	if !o.mode.repeats() {
		return c.takeNow(now, t)
	}
	if o.mode == retakeMode {
		c.table.add(o.member)
		t.call = c.debts.takeCall(o.member.ID())
	}
	c.urgent = c.urgent || c.retryAt == (Instant{})
	return nil
}

// grantedBefore: the seats were granted, and a restart of ours lost the word.
func (c *connection) grantedBefore(slot int32, o *takeOrder) []Effect {
	c.table.number[slot] = o.take
	return []Effect{tell{o.member, &seatGranted{take: o.take, connection: c.ref, server: c.ref.Server()}}}
}

// takeNow starts a take that could go elsewhere: unless the server asked this feature to wait.
func (c *connection) takeNow(now Instant, t *take) []Effect {
	until := later(c.askAfter, c.debts.waits[t.member.ID()])
	if now.before(until) {
		return c.unanswered(now, t, messages.Busy, "the server asked to wait", until.mono-now.mono)
	}
	c.urgent = true
	if c.attempt != nil {
		c.takes.startClock(now, t)
	}
	return nil
}

// newRequest draws a request id. Nothing but chance goes into it: it must not repeat over the life of a ledger.
func (c *connection) newRequest() messages.RequestID {
	var id messages.RequestID
	binary.LittleEndian.PutUint64(id[:8], c.rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], c.rng.Uint64())
	return id
}

// earlier returns the requests of this feature at this server that a new one replaces (rule 9).
func (c *connection) earlier(f *Member) []messages.RequestID {
	requests := c.debts.requests(f.ID())
	if s, ok := c.table.slot(f); ok && c.table.request[s] != (messages.RequestID{}) {
		requests = append(requests, c.table.request[s])
	}
	if extra := len(requests) - transport.MaxReplaces; extra > 0 {
		requests = requests[extra:]
	}
	return requests
}

// takesAnswered settles a batch, take by take.
func (c *connection) takesAnswered(now Instant, in *takesAnswered) []Effect {
	b := c.takes.batches[in.seq]
	if b == nil {
		return nil
	}
	c.takes.landed(in.seq)
	for _, t := range b.takes {
		t.flying = false
	}
	hello, ok := said(in.reply.Hello, in.err)
	if !ok {
		return c.batchFailed(now, b, in.err)
	}
	verdict, effects := c.learn(now, hello, b.life)
	switch verdict {
	case staleLife:
		c.again(now, b)
		return effects
	case stranger:
		owed := c.strangersDebts(b)
		c.again(now, b)
		return append(effects, c.strangerReplied(b.session, hello, owed)...)
	}
	if in.err != nil {
		return append(effects, c.batchFailed(now, b, in.err)...)
	}
	c.answered(now, verdict == newLife)
	for i, t := range b.takes {
		if t.off {
			continue // its request is owed already
		}
		var o transport.Outcome
		if i < len(in.reply.Outcomes) && in.reply.Outcomes[i].Request == t.request {
			o = in.reply.Outcomes[i]
		}
		effects = append(effects, c.settle(now, t, b, o)...)
	}
	return effects
}

// settle acts on the answer to one take. An answer that makes no sense is none.
func (c *connection) settle(now Instant, t *take, b *batch, o transport.Outcome) []Effect {
	switch {
	case o.Result == transport.Granted && (o.Local || o.Lease != (messages.LeaseID{})):
		return c.granted(t, b, o)
	case o.Result == transport.Refused && o.RetryAfter > 0:
		return c.notYet(now, t, o.Reason, o.Message, o.RetryAfter)
	case o.Result == transport.Refused, o.Result == transport.Gone && o.Reason == messages.Revoked:
		return c.refuse(now, t, o.Reason, o.Message)
	case o.Result == transport.Gone:
		t.replaces = append(t.replaces[max(0, len(t.replaces)-transport.MaxReplaces+1):len(t.replaces):len(t.replaces)], t.request)
		t.request = c.newRequest()
		c.takes.hold(t, now.after(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
		return nil
	default:
		return c.noAnswer(now, t, "the server's answer makes no sense")
	}
}

// granted: the seats are ours. What the grant replaced is no longer owed.
func (c *connection) granted(t *take, b *batch, o transport.Outcome) []Effect {
	c.takes.remove(t)
	c.debts.settled(t.member.ID(), t.replaces)
	delete(c.debts.waits, t.member.ID())
	s := c.table.add(t.member)
	if o.Local {
		c.table.grantLocal(s, t.number, t.request)
	} else {
		if c.table.leases == 0 {
			c.acked = *b.sent
		}
		c.table.grant(s, t.number, t.request, o.Lease, b.sent)
	}
	effects := []Effect{tell{t.member, &seatGranted{
		take: t.number, connection: c.ref, server: c.ref.Server(), local: o.Local, overdraft: o.Overdraft,
	}}}
	if t.call != nil {
		effects = append(effects, answer{t.call, nil})
	}
	if o.Local {
		return effects
	}
	return append(effects, c.warnOnce()...)
}

// refuse: the server's answer is final. What an earlier, unanswered sending of the request may have brought is owed.
func (c *connection) refuse(now Instant, t *take, reason messages.Reason, message string) []Effect {
	c.drop(t)
	if t.tries > 1 {
		c.debts.owe(now, t.member.ID(), t.request)
	}
	effects := []Effect{tell{t.member, &seatRefused{
		take: t.number, server: c.ref.Server(), reason: reason, message: message,
	}}}
	if t.call != nil {
		effects = append(effects, answer{t.call, ErrLicenseGone})
	}
	return effects
}

// notYet: a refusal with a retry-after, whatever its reason, is not yet an answer (rule 10).
func (c *connection) notYet(now Instant, t *take, reason messages.Reason, message string, after time.Duration) []Effect {
	wait := c.honoured(after)
	if t.mode == waitMode {
		wait = max(wait, c.leastPause())
	}
	if t.mode.repeats() {
		effects := c.failCall(t, "refused for now: "+reason.String())
		t.putOff = now.after(wait)
		c.repeat(t, t.putOff)
		return effects
	}
	c.debts.waits[t.member.ID()] = now.after(wait)
	return c.unanswered(now, t, reason, message, wait)
}

// noAnswer: a take that could go elsewhere does; the others are repeated, with the same request.
func (c *connection) noAnswer(now Instant, t *take, cause string) []Effect {
	if !t.mode.repeats() {
		return c.unanswered(now, t, messages.Unanswered, cause, 0)
	}
	effects := c.failCall(t, cause)
	c.repeat(t, now.after(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
	return effects
}

// repeat sends a take again at that time. Where the application beats by itself, its next call does that (rule 2).
func (c *connection) repeat(t *take, at Instant) {
	if c.set.automatic() || t.call != nil || t.mode == waitMode {
		c.takes.hold(t, at)
	}
}

// unanswered gives a take up for the next server (rule 13).
func (c *connection) unanswered(now Instant, t *take, reason messages.Reason, cause string, retryAfter time.Duration) []Effect {
	c.giveUp(now, t)
	return []Effect{tell{t.member, &seatUnanswered{
		take: t.number, server: c.ref.Server(), reason: reason, cause: cause,
		reached: retryAfter > 0 || c.heardSince(t.began), retryAfter: retryAfter,
	}}}
}

// giveUp settles a take that nobody wants any more: if the server may have executed it, its seats are owed.
func (c *connection) giveUp(now Instant, t *take) {
	c.drop(t)
	if t.tries > 0 {
		c.debts.owe(now, t.member.ID(), t.request)
	}
	t.call.Answer(TransportError("the request was given up"))
}

// batchFailed: the call was refused as a whole, or not answered.
func (c *connection) batchFailed(now Instant, b *batch, err error) []Effect {
	refusal := transport.AsRefusal(err)
	var effects []Effect
	if refusal == nil {
		effects = c.dropSession(b.session)
	} else {
		c.hear(now)
		if refusal.RetryAfter > 0 {
			c.askAfter = later(c.askAfter, now.after(c.honoured(refusal.RetryAfter)))
		}
	}
	for _, t := range b.takes {
		switch {
		case t.off:
		case refusal == nil:
			effects = append(effects, c.noAnswer(now, t, err.Error())...)
		case refusal.RetryAfter > 0:
			effects = append(effects, c.notYet(now, t, refusal.Reason, refusal.Message, refusal.RetryAfter)...)
		default:
			effects = append(effects, c.refuse(now, t, refusal.Reason, refusal.Message)...)
		}
	}
	c.planRetry(now)
	return effects
}

// again queues a batch whose answer means nothing.
func (c *connection) again(now Instant, b *batch) {
	for _, t := range b.takes {
		if !t.off {
			c.repeat(t, now.after(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
		}
	}
	c.urgent = true
}

// takesDue gives up the takes whose time is over.
func (c *connection) takesDue(now Instant) []Effect {
	var effects []Effect
	for _, t := range c.takes.overdue(now) {
		effects = append(effects, c.unanswered(now, t, messages.Unanswered, "no answer within "+t.timeout.String(), 0)...)
	}
	return effects
}
