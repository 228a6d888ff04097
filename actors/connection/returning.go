package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// returning is the conversation about returns: features release seats, the server takes them back. It keeps nothing
// itself; the returns are in checkouts.
type returning struct {
	set       *protocol.Settings
	ref       *protocol.ConnectionRef
	out       *notices
	peer      *peer
	dialer    *dialer
	throttle  *throttle
	beats     *beats
	checkouts *checkouts
	manual    *manual
	taking    *taking
	server    *server
}

// released returns the seats that a feature no longer wants, because it holds others or has ended. Only the lease that
// the order keeps at this connection stays.
func (r *returning) released(now protocol.Instant, o *protocol.ReleaseOrder) {
	if r.checkouts.overtaken(o) {
		return
	}
	id, here := o.Member.ID(), o.Except == r.ref
	if o.Except == nil {
		r.checkouts.ended(o.Member)
	}
	if t := r.checkouts.takes.of[id]; t != nil && t.number <= o.UpTo {
		t.call.Answer(releaseOutcome(o))
		r.taking.cancel(now, t)
	}
	if slot, ok := r.checkouts.leases.slot(o.Member); ok {
		r.checkouts.release(now, slot, o, here)
	} else if here && o.Held != 0 { // a restart of this connection lost the lease
		r.out.tell(o.Member, &protocol.LeaseEnded{Connection: r.ref, Reason: messages.Unknown})
	}
	if !here {
		r.throttle.forgetClaim(id)
		if !r.set.Automatic() {
			r.ref.ShowDeadlineOf(id, 0)
		}
		r.manual.takeCall(id).Answer(releaseOutcome(o))
	}
	if o.Origin == r.ref {
		r.checkouts.returns.wait(id, o.Reply)
		if r.dialer.session == nil || r.beats.recovering {
			r.checkouts.returns.answer(id)
		}
	}
}

// releaseOutcome returns the answer to an application call that waits for seats which are now released.
func releaseOutcome(o *protocol.ReleaseOrder) error {
	switch {
	case o.Except == nil:
		return protocol.ErrLicenseGone
	case o.Held == 0:
		return protocol.TransportError("the seats are looked for elsewhere")
	default:
		return nil
	}
}

// send sends the returns that are queued, in batches.
func (r *returning) send(now protocol.Instant) {
	if r.dialer.session == nil || !r.throttle.allows(now, takesAndReturns) {
		return
	}
	pending := &r.checkouts.returns
	for {
		returns := pending.next(transport.MaxBatch, r.checkouts.replacing)
		if len(returns) == 0 {
			return
		}
		b, seq := &returnBatch{call: r.server.call(now, r.set.ConnectTimeout, patience(r.set.ConnectTimeout)), returns: returns}, r.server.next()
		r.out.order(CheckinAll{Seq: seq, Session: b.session, Returns: pending.begin(seq, b), Timeout: r.set.ConnectTimeout})
	}
}

// answered ends the returns that the server executed or refused for good. The other returns are sent again. A checkin
// does not wait for a silent server (rule 19).
func (r *returning) answered(now protocol.Instant, in *ReturnsAnswered) {
	pending := &r.checkouts.returns
	b := pending.completed(in.Seq)
	if b == nil {
		return
	}
	kind, hello := r.server.received(now, b.call, in.Reply.Hello, in.Err)
	switch kind {
	case replyGood:
		r.checkouts.takenBack(b)
	case replyRefused:
		r.checkouts.refusedBack(now, b, r.peer.hello.ClientTimeout)
		r.out.warn("the server refuses to take seats back",
			"server", r.ref.Server().String(), "requests", len(b.returns), "error", in.Err.Error())
	case replyNone, replyLater:
		pending.enqueue(b.returns...)
		pending.answerAll()
		r.server.planRetry(now)
	case replyCut: // the returns are sent again; a checkin does not wait for that
		pending.answerAll()
	case replyStale:
		pending.enqueue(b.returns...)
	case replyOther:
		pending.enqueue(b.returns...)
		r.server.otherReplied(now, otherReply{session: b.session, hello: hello, err: in.Err})
	}
}
