package connection

import (
	"encoding/binary"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// maxBatches is how many Checkout calls of one connection may be under way, and how many Checkin calls.
const maxBatches = 2

// take: a feature asks for seats here. At its origin a sweeping feature first asks for the lease it has (rule 6).
func (c *Machine) take(now protocol.Instant, o *protocol.TakeOrder) []protocol.Effect {
	if c.draining {
		return nil
	}
	slot, isOrigin := c.table.slot(o.Member)
	if len(c.addresses) == 0 && c.heir != nil && !isOrigin { // it was meant for whoever is at the address
		return []protocol.Effect{protocol.Forward{To: c.heir, In: o}}
	}
	if isOrigin && o.Mode == protocol.RoundMode && c.table.hasLease(slot) {
		return c.ask(now, o)
	}
	if isOrigin && o.Mode == protocol.RetakeMode && c.table.hasLease(slot) {
		return c.grantedBefore(slot, o)
	}
	if old := c.takes.of[o.Member.ID()]; old != nil {
		if old.number > o.Take {
			return nil // it came by a longer way than the later one
		}
		c.giveUp(now, old)
	}
	t := &take{
		member: o.Member, number: o.Take, mode: o.Mode, request: c.newRequest(), began: o.Began, timeout: o.Timeout,
	}
	if o.Mode != protocol.WaitMode { // who waits holds nothing: what is owed goes back meanwhile
		t.replaces = c.earlier(o.Member)
	}
	c.takes.add(t)
	if !o.Mode.Repeats() {
		return c.takeNow(now, t)
	}
	if o.Mode == protocol.RetakeMode {
		c.table.add(o.Member)
		t.call = c.debts.takeCall(o.Member.ID())
	}
	c.urgent = c.urgent || c.retryAt == (protocol.Instant{})
	return nil
}

// grantedBefore: the seats were granted, and a restart of ours lost the word.
func (c *Machine) grantedBefore(slot int32, o *protocol.TakeOrder) []protocol.Effect {
	c.table.number[slot] = o.Take
	return []protocol.Effect{protocol.Tell{To: o.Member, In: &protocol.SeatGranted{Take: o.Take, Connection: c.ref, Server: c.ref.Server()}}}
}

// takeNow starts a take that could go elsewhere: unless the server asked this feature to wait.
func (c *Machine) takeNow(now protocol.Instant, t *take) []protocol.Effect {
	until := protocol.Later(c.askAfter, c.debts.waits[t.member.ID()])
	if now.Before(until) {
		return c.unanswered(now, t, messages.Busy, "the server asked to wait", until.Mono-now.Mono)
	}
	c.urgent = true
	if c.attempt != nil {
		c.takes.startClock(now, t)
	}
	return nil
}

// newRequest draws a request id. Nothing but chance goes into it: it must not repeat over the life of a ledger.
func (c *Machine) newRequest() messages.RequestID {
	var id messages.RequestID
	binary.LittleEndian.PutUint64(id[:8], c.rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], c.rng.Uint64())
	return id
}

// earlier returns the requests of this feature at this server that a new one replaces (rule 9).
func (c *Machine) earlier(f *protocol.Member) []messages.RequestID {
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
func (c *Machine) takesAnswered(now protocol.Instant, in *TakesAnswered) []protocol.Effect {
	b := c.takes.batches[in.Seq]
	if b == nil {
		return nil
	}
	c.takes.landed(in.Seq)
	for _, t := range b.takes {
		t.flying = false
	}
	hello, ok := said(in.Reply.Hello, in.Err)
	if !ok {
		return c.batchFailed(now, b, in.Err)
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
	if in.Err != nil {
		return append(effects, c.batchFailed(now, b, in.Err)...)
	}
	c.answered(now, verdict == newLife)
	for i, t := range b.takes {
		if t.off {
			continue // its request is owed already
		}
		var o transport.Outcome
		if i < len(in.Reply.Outcomes) && in.Reply.Outcomes[i].Request == t.request {
			o = in.Reply.Outcomes[i]
		}
		effects = append(effects, c.settle(now, t, b, o)...)
	}
	return effects
}

// settle acts on the answer to one take. An answer that makes no sense is none.
func (c *Machine) settle(now protocol.Instant, t *take, b *batch, o transport.Outcome) []protocol.Effect {
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
		c.takes.hold(t, now.After(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
		return nil
	default:
		return c.noAnswer(now, t, "the server's answer makes no sense")
	}
}

// granted: the seats are ours. What the grant replaced is no longer owed.
func (c *Machine) granted(t *take, b *batch, o transport.Outcome) []protocol.Effect {
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
	effects := []protocol.Effect{protocol.Tell{To: t.member, In: &protocol.SeatGranted{
		Take: t.number, Connection: c.ref, Server: c.ref.Server(), Local: o.Local, Overdraft: o.Overdraft,
	}}}
	if t.call != nil {
		effects = append(effects, protocol.Answer{Reply: t.call, Err: nil})
	}
	if o.Local {
		return effects
	}
	return append(effects, c.warnOnce()...)
}

// refuse: the server's answer is final. What an earlier, unanswered sending of the request may have brought is owed.
func (c *Machine) refuse(now protocol.Instant, t *take, reason messages.Reason, message string) []protocol.Effect {
	c.drop(t)
	if t.tries > 1 {
		c.debts.owe(now, t.member.ID(), t.request)
	}
	effects := []protocol.Effect{protocol.Tell{To: t.member, In: &protocol.SeatRefused{
		Take: t.number, Server: c.ref.Server(), Reason: reason, Text: message,
	}}}
	if t.call != nil {
		effects = append(effects, protocol.Answer{Reply: t.call, Err: protocol.ErrLicenseGone})
	}
	return effects
}

// notYet: a refusal with a retry-after, whatever its reason, is not yet an answer (rule 10).
func (c *Machine) notYet(now protocol.Instant, t *take, reason messages.Reason, message string, after time.Duration) []protocol.Effect {
	wait := c.honoured(after)
	if t.mode == protocol.WaitMode {
		wait = max(wait, c.leastPause())
	}
	if t.mode.Repeats() {
		effects := c.failCall(t, "refused for now: "+reason.String())
		t.putOff = now.After(wait)
		c.repeat(t, t.putOff)
		return effects
	}
	c.debts.waits[t.member.ID()] = now.After(wait)
	return c.unanswered(now, t, reason, message, wait)
}

// noAnswer: a take that could go elsewhere does; the others are repeated, with the same request.
func (c *Machine) noAnswer(now protocol.Instant, t *take, cause string) []protocol.Effect {
	if !t.mode.Repeats() {
		return c.unanswered(now, t, messages.Unanswered, cause, 0)
	}
	effects := c.failCall(t, cause)
	c.repeat(t, now.After(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
	return effects
}

// repeat sends a take again at that time. Where the application beats by itself, its next call does that (rule 2).
func (c *Machine) repeat(t *take, at protocol.Instant) {
	if c.set.Automatic() || t.call != nil || t.mode == protocol.WaitMode {
		c.takes.hold(t, at)
	}
}

// unanswered gives a take up for the next server (rule 13).
func (c *Machine) unanswered(now protocol.Instant, t *take, reason messages.Reason, cause string, retryAfter time.Duration) []protocol.Effect {
	c.giveUp(now, t)
	return []protocol.Effect{protocol.Tell{To: t.member, In: &protocol.SeatUnanswered{
		Take: t.number, Server: c.ref.Server(), Reason: reason, Cause: cause,
		Reached: retryAfter > 0 || c.heardSince(t.began), RetryAfter: retryAfter,
	}}}
}

// giveUp settles a take that nobody wants any more: if the server may have executed it, its seats are owed.
func (c *Machine) giveUp(now protocol.Instant, t *take) {
	c.drop(t)
	if t.tries > 0 {
		c.debts.owe(now, t.member.ID(), t.request)
	}
	t.call.Answer(protocol.TransportError("the request was given up"))
}

// batchFailed: the call was refused as a whole, or not answered.
func (c *Machine) batchFailed(now protocol.Instant, b *batch, err error) []protocol.Effect {
	refusal := transport.AsRefusal(err)
	var effects []protocol.Effect
	if refusal == nil {
		effects = c.dropSession(b.session)
	} else {
		c.hear(now)
		if refusal.RetryAfter > 0 {
			c.askAfter = protocol.Later(c.askAfter, now.After(c.honoured(refusal.RetryAfter)))
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
func (c *Machine) again(now protocol.Instant, b *batch) {
	for _, t := range b.takes {
		if !t.off {
			c.repeat(t, now.After(backoff(t.tries-1, c.rng.Float64(), retryCap(c.set))))
		}
	}
	c.urgent = true
}

// takesDue gives up the takes whose time is over.
func (c *Machine) takesDue(now protocol.Instant) []protocol.Effect {
	var effects []protocol.Effect
	for _, t := range c.takes.overdue(now) {
		effects = append(effects, c.unanswered(now, t, messages.Unanswered, "no answer within "+t.timeout.String(), 0)...)
	}
	return effects
}
