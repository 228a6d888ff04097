package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Machine is the state machine of one checkout: what its application may do now, and whom it is asking for seats.
// It knows nothing of requests and leases; those are the connection's. It speaks of "the take of number n" instead.
//
// It has no clock, goroutine or I/O. step is not safe for concurrent use; the actor's mailbox is what serialises it.
type Machine struct {
	set       *protocol.Settings
	member    *protocol.Member // what was checked out
	mayWait   bool             // the first checkout waits for seats when no server has any
	local     bool             // the grant is a local licence
	resyncing bool             // restarted after a panic: the connection is being asked what is held
	state     messages.State
	rounds    int32                   // sweeps that ended since FailingOver was entered, or since the failed count was below Attempts
	take      uint32                  // number of the latest take; an answer to another one is stale
	held      uint32                  // number of the take that the current lease is from; 0 when no lease is left
	origin    *protocol.ConnectionRef // the connection that the seats are from; nil until the first grant
	round     *round                  // the pass over the servers that is under way; nil otherwise
}

// New returns the machine of a checkout that has not begun. The member says what is checked out.
func New(set *protocol.Settings, member *protocol.Member, mayWait bool) Machine {
	return Machine{set: set, member: member, mayWait: mayWait}
}

// Step applies one input and returns the effects to perform, in order.
func (f *Machine) Step(now protocol.Instant, in protocol.Input) []protocol.Effect {
	if f.isStale(in) {
		return nil
	}
	if r, ok := in.(*protocol.Restarted); ok && !f.state.Final() {
		return f.restart(r)
	}
	if f.resyncing {
		return f.resync(now, in)
	}
	if _, ok := in.(*protocol.AskAgain); ok && !f.state.Final() {
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

// Show publishes to the member what the application's handle reads.
func (f *Machine) Show() { f.member.Show(f.state, f.origin, f.local) }

// isStale reports whether the input is not about the current take or origin. A grant among them is returned by its
// connection, which this feature told that the take is off.
func (f *Machine) isStale(in protocol.Input) bool {
	switch in := in.(type) {
	case *protocol.SeatGranted:
		return in.Take != f.take
	case *protocol.SeatRefused:
		return in.Take != f.take
	case *protocol.SeatUnanswered:
		return in.Take != f.take
	case protocol.FromOrigin:
		return f.origin == nil || in.From() != f.origin
	default:
		return false
	}
}

// checkingOut: the first checkout asks the servers in search order, one at a time, and may then wait (rule 21).
func (f *Machine) checkingOut(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.Begin:
		f.round = &round{began: now, queue: f.set.Servers, deadline: in.Deadline}
		return f.askNext(now)
	case *protocol.SeatGranted:
		f.hold(in)
		return []protocol.Effect{protocol.Publish{Event: messages.CheckedOut{Claim: f.member.Claim, Server: in.Server, Local: in.Local, Overdraft: in.Overdraft}}, Ready{}}
	case *protocol.SeatRefused:
		f.round.answered(messages.Answer{Server: in.Server, Reason: in.Reason, Message: in.Text})
		return f.askNextOrFail(now)
	case *protocol.SeatUnanswered:
		if f.round.waiting {
			return nil // its connection repeats the request
		}
		f.round.answered(messages.Answer{Server: in.Server, Reason: in.Reason, Message: in.Cause, RetryAfter: in.RetryAfter})
		return f.askNextOrFail(now)
	case *protocol.Cancelled:
		return f.abandon(in.Err)
	case *protocol.Closed:
		return f.abandon(messages.ErrClosed)
	case *protocol.DownLimit:
		return f.abandon(in.Err)
	default:
		return nil
	}
}

// holding: the seats are granted. Reconnecting differs from Held in nothing but what the application is shown.
func (f *Machine) holding(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.HeartbeatFailed:
		if in.Failed >= f.set.Attempts {
			return f.startRound(now, in)
		}
		f.state = messages.StateReconnecting
		return nil
	case *protocol.LeaseResumed:
		return f.resume(in)
	case *protocol.LeaseEnded:
		return f.retakeOrLose(now, in)
	default:
		return f.anyLive(in)
	}
}

// retaking: a re-checkout at the origin is under way; its connection repeats it until it is answered (rule 9).
func (f *Machine) retaking(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.SeatGranted:
		f.hold(in)
		return []protocol.Effect{protocol.Publish{Event: messages.CheckoutSucceeded{Claim: f.member.Claim, Server: in.Server, Overdraft: in.Overdraft}}}
	case *protocol.SeatRefused:
		return append(f.closePair(in.Server, in.Reason, in.Text), f.lose(in.Server, in.Reason, in.Text)...)
	case *protocol.HeartbeatFailed:
		if in.Failed < f.set.Attempts {
			return nil
		}
		effects := f.closePair(in.Connection.Server(), messages.Unanswered, in.Cause)
		return append(append(effects, f.moveOn()), f.startRound(now, in)...)
	case *protocol.OriginReplaced:
		f.origin = in.By
		return []protocol.Effect{f.moveOn(), f.takeAtOrigin(now)}
	default:
		return f.anyLive(in)
	}
}

// failingOver: heartbeats failed Attempts times. A sweep is under way, or the next failed beat is waited for.
func (f *Machine) failingOver(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.HeartbeatFailed:
		return f.nextRound(now, in)
	case *protocol.LeaseResumed:
		if f.held == 0 {
			return nil // the lease is from a take that was given up: its connection is being told to return it
		}
		return append(f.endRound(), f.resume(in)...)
	case *protocol.LeaseEnded:
		return append(f.endRound(), f.retakeOrLose(now, in)...)
	case *protocol.ServerRegained:
		if f.held != 0 {
			return nil // the lease's own fate decides
		}
		return append(f.endRound(), f.retake(now, in.Connection.Server())...)
	case *protocol.SeatGranted:
		return f.failOver(in)
	case *protocol.SeatRefused:
		f.round.last, f.round.reached = in, true
		return append(f.pairAt(in.Server, in.Reason, in.Text), f.askNextOrDecide(now)...)
	case *protocol.SeatUnanswered:
		f.round.reached = f.round.reached || in.Reached
		return f.askNextOrDecide(now)
	default:
		return f.anyLive(in)
	}
}

// anyLive handles what means the same in every live state.
func (f *Machine) anyLive(in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.OriginReplaced:
		f.origin = in.By
		return nil
	case *protocol.LeaseTimedOut:
		return append(f.closeOpenPair(), f.lose(in.Connection.Server(), messages.TimedOut, in.Text)...)
	case *protocol.Cancelled:
		return append(f.closeOpenPair(), f.checkIn(in.Err, nil)...)
	case *protocol.Checkin:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrCheckedIn, in.Reply)...)
	case *protocol.Closed:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrClosed, nil)...)
	case *protocol.RestartsUsedUp:
		return append(f.closeOpenPair(), f.lose(in.Connection.Server(), messages.Internal, in.Cause)...)
	case *protocol.DownLimit:
		return append(f.closeOpenPair(), f.becomeUnavailable(in.Err)...)
	case *protocol.HeartbeatNow:
		return f.beatNow(in)
	default:
		return nil
	}
}

// hold takes note of a grant.
func (f *Machine) hold(in *protocol.SeatGranted) {
	f.state, f.origin, f.held, f.local = messages.StateHeld, in.Connection, in.Take, in.Local
	f.round, f.rounds = nil, 0
}

// resume: the server still knows the lease, no seat is taken (rule 8).
func (f *Machine) resume(in *protocol.LeaseResumed) []protocol.Effect {
	f.state, f.rounds = messages.StateHeld, 0
	server := in.Connection.Server()
	return []protocol.Effect{
		protocol.Publish{Event: messages.RetryingFeature{Claim: f.member.Claim, Server: server}},
		protocol.Publish{Event: messages.CheckoutSucceeded{Claim: f.member.Claim, Server: server, Resumed: true}},
	}
}

// retakeOrLose: the server no longer holds the lease. An administrator's word and an expired licence are final.
func (f *Machine) retakeOrLose(now protocol.Instant, in *protocol.LeaseEnded) []protocol.Effect {
	f.held = 0
	if in.Reason == messages.Revoked || in.Reason == messages.FeatureExpired {
		return f.lose(in.Connection.Server(), in.Reason, "")
	}
	return f.retake(now, in.Connection.Server())
}

func (f *Machine) retake(now protocol.Instant, server messages.Server) []protocol.Effect {
	f.state, f.rounds = messages.StateRetaking, 0
	return []protocol.Effect{protocol.Publish{Event: messages.RetryingFeature{Claim: f.member.Claim, Server: server}}, f.takeAtOrigin(now)}
}

func (f *Machine) takeAtOrigin(now protocol.Instant) protocol.Effect {
	f.take++
	return protocol.TakeSeat{Take: f.take, Connection: f.origin, Mode: protocol.RetakeMode, Began: now}
}

// failOver: another server, or the origin at last, granted the seats.
func (f *Machine) failOver(in *protocol.SeatGranted) []protocol.Effect {
	from, moved := f.origin.Server(), in.Connection != f.origin
	f.hold(in)
	effects := []protocol.Effect{
		f.releaseOthers(),
		protocol.Publish{Event: messages.RetryingFeature{Claim: f.member.Claim, Server: in.Server}},
		protocol.Publish{Event: messages.CheckoutSucceeded{Claim: f.member.Claim, Server: in.Server, Overdraft: in.Overdraft}},
	}
	if moved {
		effects = append(effects, protocol.Publish{Event: messages.FailedOver{Claim: f.member.Claim, From: from, To: in.Server}})
	}
	return effects
}

// moveOn gives up the take that is under way, if any: its number is never answered again.
func (f *Machine) moveOn() protocol.Effect {
	f.take++
	return f.releaseOthers()
}

// settle tells every connection that all but the current lease at the origin is to be given back (rules 13 and 14).
func (f *Machine) releaseOthers() protocol.Effect {
	return protocol.Release{Except: f.origin, Held: f.held, UpTo: f.take}
}

// beatNow passes on the application's own heartbeat; a local licence needs none (rule 1).
func (f *Machine) beatNow(in *protocol.HeartbeatNow) []protocol.Effect {
	if f.local {
		return []protocol.Effect{protocol.Answer{Reply: in.Reply}}
	}
	return []protocol.Effect{BeatNow{Connection: f.origin, Reply: in.Reply}}
}
