package connection

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// taking is the conversation about takes: features ask for seats, the server answers. It keeps nothing itself; the takes
// are in checkouts.
type taking struct {
	set       *protocol.Settings
	rng       *rand.Rand // draws request ids
	jitter    jitter
	ref       *protocol.ConnectionRef
	out       *notices
	peer      *peer
	dialer    *dialer
	throttle  *throttle
	beats     *beats
	schedule  *schedule
	checkouts *checkouts
	manual    *manual
	server    *server
}

// ordered enters the take that a feature asks for.
func (k *taking) ordered(now protocol.Instant, o *protocol.TakeOrder) {
	id := o.Member.ID()
	if slot, held := k.checkouts.leases.leaseOf(o.Member); held && o.Mode == protocol.RetakeMode {
		k.checkouts.leases.renumber(slot, o.Take)
		k.out.seatKept(o)
		return
	}
	if old := k.checkouts.takes.of[id]; old != nil {
		if old.number > o.Take {
			return // a newer take of this feature overtook this one
		}
		k.cancel(now, old)
	}
	t := k.checkouts.ask(now, o, k.newRequest())
	switch {
	case !o.Mode.Repeats():
		k.takeNow(now, t)
		return
	case o.Mode == protocol.RetakeMode:
		t.await(k.manual.takeCall(id))
	}
	if !k.dialer.planned() {
		k.dialer.retryNow()
	}
}

// takeNow starts a take that could go elsewhere, unless the server asked this feature to wait.
func (k *taking) takeNow(now protocol.Instant, t *take) {
	if until := k.throttle.until(t.member.ID()); now.Before(until) {
		k.unanswered(now, t, messages.Busy, "the server asked to wait", until.Mono-now.Mono)
		return
	}
	k.dialer.retryNow()
	if k.dialer.attempt != nil {
		k.checkouts.takes.start(now, t)
	}
}

// newRequest draws a random request id. It must not repeat during the life of a ledger.
func (k *taking) newRequest() messages.RequestID {
	var id messages.RequestID
	binary.LittleEndian.PutUint64(id[:8], k.rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], k.rng.Uint64())
	return id
}

// send sends the takes that are queued, in batches. A take that waits in the server's queue gets its own call,
// which the server may hold. That call times out ConnectTimeout after the wait.
func (k *taking) send(now protocol.Instant) {
	if k.dialer.session == nil || !k.throttle.allows(now, takesAndReturns) {
		return
	}
	pending := &k.checkouts.takes
	for takes := pending.next(transport.MaxBatch); len(takes) > 0; takes = pending.next(transport.MaxBatch) {
		k.sendBatch(now, takes, false)
	}
	for takes := pending.nextWaiting(); len(takes) > 0; takes = pending.nextWaiting() {
		k.sendBatch(now, takes, true)
	}
}

// sendBatch sends one call, which the server may hold if the take waits.
func (k *taking) sendBatch(now protocol.Instant, takes []*take, mayWait bool) {
	var wait time.Duration
	if mayWait {
		wait = k.peer.hello.Wait()
	}
	timeout := k.set.ConnectTimeout + wait
	b, seq := &batch{
		call: k.server.call(now, timeout, k.patience(takes, wait)), takes: takes, mayWait: mayWait, sent: &protocol.Instant{Mono: now.Mono, Wall: now.Wall},
	}, k.server.next()
	wire := k.checkouts.takes.begin(now, seq, b)
	wire[0].Wait = wait
	k.out.order(Checkout{Seq: seq, Session: b.session, Takes: wire, Timeout: timeout})
}

// patience returns how long takes wait for their answer before the session is doubted. The server may hold the call for
// as long as wait.
func (k *taking) patience(takes []*take, wait time.Duration) time.Duration {
	least := k.set.ConnectTimeout
	for _, t := range takes {
		if !t.mode.Repeats() {
			least = min(least, t.timeout)
		}
	}
	if p := patience(least); p > 0 {
		return p + wait
	}
	return 0
}

// answered takes the reply to a batch, take by take.
func (k *taking) answered(now protocol.Instant, in *TakesAnswered) {
	b := k.checkouts.takes.completed(in.Seq)
	if b == nil {
		return
	}
	kind, hello := k.server.received(now, b.call, in.Reply.Hello, in.Err)
	for i, t := range b.takes {
		if t.cancelled {
			continue // its request is to be returned already
		}
		switch kind {
		case replyGood:
			k.outcome(now, t, b, outcomeOf(in.Reply, i, t))
		case replyNone:
			k.noAnswer(now, t, in.Err.Error())
		case replyLater:
			r := transport.AsRefusal(in.Err)
			k.later(now, t, r.Reason, r.Message, r.RetryAfter)
		case replyRefused:
			r := transport.AsRefusal(in.Err)
			k.refuse(now, t, r.Reason, r.Message)
		case replyStale, replyOther:
			k.repeat(t, now.After(k.jitter.pause(t.tries-1)))
		}
	}
	switch kind {
	case replyNone, replyLater, replyRefused:
		k.server.planRetry(now)
	case replyStale:
		k.dialer.retryNow()
	case replyOther:
		k.dialer.retryNow()
		k.server.otherReplied(now, otherReply{session: b.session, hello: hello, executed: b.requests(), err: in.Err})
	}
}

// outcomeOf returns what the server answered to a take; nothing if the reply is not about it.
func outcomeOf(reply transport.CheckoutReply, i int, t *take) transport.Outcome {
	if i < len(reply.Outcomes) && reply.Outcomes[i].Request == t.request {
		return reply.Outcomes[i]
	}
	return transport.Outcome{}
}

// outcome acts on the answer to one take. An invalid answer is treated as no answer.
func (k *taking) outcome(now protocol.Instant, t *take, b *batch, o transport.Outcome) {
	switch {
	case o.Result == transport.Granted && (o.Local || o.Lease != (messages.LeaseID{})):
		k.granted(t, b, o)
	case o.Result == transport.Refused && o.RetryAfter > 0:
		k.later(now, t, o.Reason, o.Message, o.RetryAfter)
	case o.Result == transport.Refused, o.Result == transport.Gone && o.Reason == messages.Revoked:
		k.refuse(now, t, o.Reason, o.Message)
	case o.Result == transport.Gone: // the grant of an earlier sending has ended since (rule 13)
		t.renew(k.newRequest())
		k.checkouts.takes.delay(t, now.After(k.jitter.pause(t.tries-1)))
	default:
		k.noAnswer(now, t, "the server's answer makes no sense")
	}
}

// granted: the feature has its seats.
func (k *taking) granted(t *take, b *batch, o transport.Outcome) {
	if !o.Local && k.checkouts.leases.leases == 0 {
		k.beats.firstLease(*b.sent)
	}
	k.checkouts.granted(t, b.sent, o)
	if !k.set.Automatic() {
		k.ref.ShowDeadlineOf(t.member.ID(), b.sent.Wall+k.peer.hello.ClientTimeout)
	}
	k.throttle.forgetClaim(t.member.ID())
	k.out.seatGranted(t, o)
	k.out.answer(t.call, nil)
	if !o.Local {
		k.schedule.warn()
	}
}

// refuse: the server's answer is final.
func (k *taking) refuse(now protocol.Instant, t *take, reason messages.Reason, text string) {
	k.checkouts.refused(now, t)
	k.out.seatRefused(t, reason, text)
	k.out.answer(t.call, protocol.ErrLicenseGone)
}

// refuseFirst refuses the takes of features that hold nothing here: a server that refuses the client refuses its takes.
func (k *taking) refuseFirst(now protocol.Instant, r *transport.Refusal) {
	for _, t := range k.checkouts.takes.firstAsked() {
		k.refuse(now, t, r.Reason, r.Message)
	}
}

// later: a refusal with a retry-after, whatever its reason, is not yet an answer (rule 10).
func (k *taking) later(now protocol.Instant, t *take, reason messages.Reason, text string, retryAfter time.Duration) {
	timeout, id := k.peer.hello.ClientTimeout, t.member.ID()
	wait := capRetryAfter(retryAfter, timeout)
	if !t.mode.Repeats() {
		k.throttle.holdClaim(id, now.After(wait))
		k.unanswered(now, t, reason, text, wait)
		return
	}
	if t.mode == protocol.WaitMode {
		wait = max(wait, leastPause(timeout))
	}
	k.manual.failTake(t, "refused for now: "+reason.String())
	k.throttle.holdRepeat(id, now.After(wait))
	k.repeat(t, now.After(wait))
}

// leastPause is the shortest pause before a take that waits in the server's queue is sent again, so that a server that
// does not hold the call is not asked without end. It is short beside the time for which the server keeps the place.
func leastPause(clientTimeout time.Duration) time.Duration {
	return min(clientTimeout/30, 100*time.Millisecond)
}

// noAnswer handles a take without an answer. If the feature can ask another server, it is told to; otherwise the take
// is repeated with the same request.
func (k *taking) noAnswer(now protocol.Instant, t *take, cause string) {
	if !t.mode.Repeats() {
		k.unanswered(now, t, messages.Unanswered, cause, 0)
		return
	}
	k.manual.failTake(t, cause)
	k.repeat(t, now.After(k.jitter.pause(t.tries-1)))
}

// repeat sends a take again at an instant. Without automatic heartbeats the application's next call does that (rule 2).
func (k *taking) repeat(t *take, at protocol.Instant) {
	if k.set.Automatic() || t.call.Awaited() || t.mode == protocol.WaitMode {
		k.checkouts.takes.delay(t, at)
	}
}

// unanswered cancels a take, so that the feature asks the next server (rule 13).
func (k *taking) unanswered(now protocol.Instant, t *take, reason messages.Reason, cause string, retryAfter time.Duration) {
	k.cancel(now, t)
	k.out.seatUnanswered(t, reason, cause, retryAfter > 0 || k.peer.repliedSince(t.began), retryAfter)
}

// unreached calls unanswered for every take that may be asked of another server and is not under way. But a take whose
// call this connection cut short, or that joined the connect when that was under way, gets its own connect within its
// time.
func (k *taking) unreached(now protocol.Instant, w waitEnded) {
	for _, t := range k.checkouts.takes.bounded() {
		switch {
		case t.inFlight:
		case !w.decided && t.mayTryAgain(w.began):
			if !t.wasCut {
				k.dialer.retryNow()
			}
		default:
			k.unanswered(now, t, messages.Unanswered, w.cause, 0)
		}
	}
}

// overdue calls unanswered for every take whose deadline has passed.
func (k *taking) overdue(now protocol.Instant) {
	for _, t := range k.checkouts.takes.overdue(now) {
		k.unanswered(now, t, messages.Unanswered, "no answer within "+t.timeout.String(), 0)
	}
}

// cancelAll ends all takes: the features that asked for them are being ended, and must not have seats before they know.
func (k *taking) cancelAll(now protocol.Instant) {
	for _, t := range k.checkouts.takes.all() {
		k.cancel(now, t)
	}
}

// cancel ends a take that nobody wants any more.
func (k *taking) cancel(now protocol.Instant, t *take) {
	k.checkouts.cancel(now, t)
	t.call.Answer(protocol.TransportError("the request was given up"))
}
