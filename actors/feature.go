package actors

import (
	"github.com/seatbeat/seatbeat/messages"
)

// feature is the state machine of one checkout: what its application may do now, and whom it is asking for seats.
// It knows nothing of requests and leases; those are the connection's. It speaks of "the take of number n" instead.
//
// It has no clock, goroutine or I/O. step is not safe for concurrent use; the actor's mailbox is what serialises it.
type feature struct {
	set       *Settings
	member    *Member // what was checked out
	mayWait   bool    // the first checkout waits for seats when no server has any
	local     bool    // the grant is a local licence
	resyncing bool    // restarted after a panic: the connection is being asked what is held
	state     messages.State
	rounds    int32          // sweeps that ended since FailingOver was entered, or since the failed count was below Attempts
	take      uint32         // number of the latest take; an answer to another one is stale
	held      uint32         // number of the take that the current lease is from; 0 when no lease is left
	origin    *ConnectionRef // the connection that the seats are from; nil until the first grant
	round     *round         // the pass over the servers that is under way; nil otherwise
}

// newFeature returns the machine of a checkout that has not begun. The member says what is checked out.
func newFeature(set *Settings, member *Member, mayWait bool) feature {
	return feature{set: set, member: member, mayWait: mayWait}
}

// step applies one input and returns the effects to perform, in order.
func (f *feature) step(now Instant, in Input) []Effect {
	if f.isStale(in) {
		return nil
	}
	if r, ok := in.(*restarted); ok && !f.state.Final() {
		return f.restart(r)
	}
	if f.resyncing {
		return f.resync(now, in)
	}
	if _, ok := in.(*askAgain); ok && !f.state.Final() {
		return f.askAgain(now)
	}
	switch f.state {
	case messages.StateCheckingOut:
		return f.checkingOut(now, in)
	case messages.StateHeld, messages.StateReconnecting:
		return f.holding(now, in)
	case messages.StateRetaking:
		return f.retaking(now, in)
	case messages.StateFailingOver:
		return f.failingOver(now, in)
	default:
		return nil // a final state answers nothing; what arrives late is settled by the connection
	}
}

// show publishes to the member what the application's handle reads.
func (f *feature) show() { f.member.Show(f.state, f.origin, f.local) }

// isStale reports whether the input is not about the current take or origin. A grant among them is returned by its
// connection, which this feature told that the take is off.
func (f *feature) isStale(in Input) bool {
	switch in := in.(type) {
	case *seatGranted:
		return in.take != f.take
	case *seatRefused:
		return in.take != f.take
	case *seatUnanswered:
		return in.take != f.take
	case FromOrigin:
		return f.origin == nil || in.From() != f.origin
	default:
		return false
	}
}

// checkingOut: the first checkout asks the servers in search order, one at a time, and may then wait (rule 21).
func (f *feature) checkingOut(now Instant, in Input) []Effect {
	switch in := in.(type) {
	case *begin:
		f.round = &round{began: now, queue: f.set.Servers, deadline: in.deadline}
		return f.askNext(now)
	case *seatGranted:
		f.hold(in)
		return []Effect{publish{messages.CheckedOut{Claim: f.member.Claim, Server: in.server, Local: in.local, Overdraft: in.overdraft}}, ready{}}
	case *seatRefused:
		f.round.answered(messages.Answer{Server: in.server, Reason: in.reason, Message: in.message})
		return f.askNextOrFail(now)
	case *seatUnanswered:
		if f.round.waiting {
			return nil // its connection repeats the request
		}
		f.round.answered(messages.Answer{Server: in.server, Reason: in.reason, Message: in.cause, RetryAfter: in.retryAfter})
		return f.askNextOrFail(now)
	case *cancelled:
		return f.abandon(in.err)
	case *closed:
		return f.abandon(messages.ErrClosed)
	case *downLimit:
		return f.abandon(in.err)
	default:
		return nil
	}
}

// holding: the seats are granted. Reconnecting differs from Held in nothing but what the application is shown.
func (f *feature) holding(now Instant, in Input) []Effect {
	switch in := in.(type) {
	case *heartbeatFailed:
		if in.failed >= f.set.Attempts {
			return f.startRound(now, in)
		}
		f.state = messages.StateReconnecting
		return nil
	case *leaseResumed:
		return f.resume(in)
	case *leaseEnded:
		return f.retakeOrLose(now, in)
	default:
		return f.anyLive(in)
	}
}

// retaking: a re-checkout at the origin is under way; its connection repeats it until it is answered (rule 9).
func (f *feature) retaking(now Instant, in Input) []Effect {
	switch in := in.(type) {
	case *seatGranted:
		f.hold(in)
		return []Effect{publish{messages.CheckoutSucceeded{Claim: f.member.Claim, Server: in.server, Overdraft: in.overdraft}}}
	case *seatRefused:
		return append(f.closePair(in.server, in.reason, in.message), f.lose(in.server, in.reason, in.message)...)
	case *heartbeatFailed:
		if in.failed < f.set.Attempts {
			return nil
		}
		effects := f.closePair(in.connection.Server(), messages.Unanswered, in.cause)
		return append(append(effects, f.moveOn()), f.startRound(now, in)...)
	case *originReplaced:
		f.origin = in.by
		return []Effect{f.moveOn(), f.takeAtOrigin(now)}
	default:
		return f.anyLive(in)
	}
}

// failingOver: heartbeats failed Attempts times. A sweep is under way, or the next failed beat is waited for.
func (f *feature) failingOver(now Instant, in Input) []Effect {
	switch in := in.(type) {
	case *heartbeatFailed:
		return f.nextRound(now, in)
	case *leaseResumed:
		if f.held == 0 {
			return nil // the lease is from a take that was given up: its connection is being told to return it
		}
		return append(f.endRound(), f.resume(in)...)
	case *leaseEnded:
		return append(f.endRound(), f.retakeOrLose(now, in)...)
	case *serverRegained:
		if f.held != 0 {
			return nil // the lease's own fate decides
		}
		return append(f.endRound(), f.retake(now, in.connection.Server())...)
	case *seatGranted:
		return f.failOver(in)
	case *seatRefused:
		f.round.last, f.round.reached = in, true
		return append(f.pairAt(in.server, in.reason, in.message), f.askNextOrDecide(now)...)
	case *seatUnanswered:
		f.round.reached = f.round.reached || in.reached
		return f.askNextOrDecide(now)
	default:
		return f.anyLive(in)
	}
}

// anyLive handles what means the same in every live state.
func (f *feature) anyLive(in Input) []Effect {
	switch in := in.(type) {
	case *originReplaced:
		f.origin = in.by
		return nil
	case *leaseTimedOut:
		return append(f.closeOpenPair(), f.lose(in.connection.Server(), messages.TimedOut, in.message)...)
	case *cancelled:
		return append(f.closeOpenPair(), f.checkIn(in.err, nil)...)
	case *checkin:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrCheckedIn, in.reply)...)
	case *closed:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrClosed, nil)...)
	case *restartsUsedUp:
		return append(f.closeOpenPair(), f.lose(in.connection.Server(), messages.Internal, in.cause)...)
	case *downLimit:
		return append(f.closeOpenPair(), f.becomeUnavailable(in.err)...)
	case *heartbeatNow:
		return f.beatNow(in)
	default:
		return nil
	}
}

// hold takes note of a grant.
func (f *feature) hold(in *seatGranted) {
	f.state, f.origin, f.held, f.local = messages.StateHeld, in.connection, in.take, in.local
	f.round, f.rounds = nil, 0
}

// resume: the server still knows the lease, no seat is taken (rule 8).
func (f *feature) resume(in *leaseResumed) []Effect {
	f.state, f.rounds = messages.StateHeld, 0
	server := in.connection.Server()
	return []Effect{
		publish{messages.RetryingFeature{Claim: f.member.Claim, Server: server}},
		publish{messages.CheckoutSucceeded{Claim: f.member.Claim, Server: server, Resumed: true}},
	}
}

// retakeOrLose: the server no longer holds the lease. An administrator's word and an expired licence are final.
func (f *feature) retakeOrLose(now Instant, in *leaseEnded) []Effect {
	f.held = 0
	if in.reason == messages.Revoked || in.reason == messages.FeatureExpired {
		return f.lose(in.connection.Server(), in.reason, "")
	}
	return f.retake(now, in.connection.Server())
}

func (f *feature) retake(now Instant, server messages.Server) []Effect {
	f.state, f.rounds = messages.StateRetaking, 0
	return []Effect{publish{messages.RetryingFeature{Claim: f.member.Claim, Server: server}}, f.takeAtOrigin(now)}
}

func (f *feature) takeAtOrigin(now Instant) Effect {
	f.take++
	return takeSeat{take: f.take, connection: f.origin, mode: retakeMode, began: now}
}

// failOver: another server, or the origin at last, granted the seats.
func (f *feature) failOver(in *seatGranted) []Effect {
	from, moved := f.origin.Server(), in.connection != f.origin
	f.hold(in)
	effects := []Effect{
		f.releaseOthers(),
		publish{messages.RetryingFeature{Claim: f.member.Claim, Server: in.server}},
		publish{messages.CheckoutSucceeded{Claim: f.member.Claim, Server: in.server, Overdraft: in.overdraft}},
	}
	if moved {
		effects = append(effects, publish{messages.FailedOver{Claim: f.member.Claim, From: from, To: in.server}})
	}
	return effects
}

// moveOn gives up the take that is under way, if any: its number is never answered again.
func (f *feature) moveOn() Effect {
	f.take++
	return f.releaseOthers()
}

// settle tells every connection that all but the current lease at the origin is to be given back (rules 13 and 14).
func (f *feature) releaseOthers() Effect {
	return release{except: f.origin, held: f.held, upTo: f.take}
}

// beatNow passes on the application's own heartbeat; a local licence needs none (rule 1).
func (f *feature) beatNow(in *heartbeatNow) []Effect {
	if f.local {
		return []Effect{answer{reply: in.reply}}
	}
	return []Effect{beatNow{connection: f.origin, reply: in.reply}}
}
