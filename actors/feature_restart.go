package actors

import (
	"github.com/seatbeat/seatbeat/messages"
)

// rebirth makes the machine of a feature whose actor panicked anew: what never changes stays, since the application's
// handle may be reading it, and what the handle shows.
func (f *feature) reset(state messages.State, origin *ConnectionRef, local bool) {
	f.state, f.origin, f.local = state, origin, local
	f.rounds, f.held, f.round, f.resyncing = 0, 0, nil, false
}

// restart: the connection knows what the feature holds; until it has answered nothing else is believed, and nothing is
// given back: the feature may hold the seats elsewhere by now, its origin having been replaced.
func (f *feature) restart(in *restarted) []Effect {
	if f.state == messages.StateCheckingOut {
		return f.abandon(f.defect(in.cause))
	}
	effects := f.closeOpenPair()
	if in.usedUp {
		return append(effects, f.lose(f.origin.Server(), messages.Internal, in.cause)...)
	}
	if f.state == messages.StateRetaking {
		f.state = messages.StateReconnecting // its pair is closed; what came of the take is to be told
	}
	f.resyncing = true
	f.take++
	return append(effects, publish{messages.FeatureRestarted{Claim: f.member.Claim, Cause: in.cause}}, queryHoldings{f.origin})
}

func (f *feature) defect(cause string) error {
	return &messages.LostError{Claim: f.member.Claim, Reason: messages.Internal, Message: cause}
}

// remembering waits for the connection's word. What ends the checkout is still heeded.
func (f *feature) resync(now Instant, in Input) []Effect {
	switch in := in.(type) {
	case *holdings:
		f.resyncing = false
		return f.resynced(now, in)
	case *askAgain:
		return []Effect{queryHoldings{f.origin}}
	case *originReplaced:
		f.origin = in.by
		return []Effect{queryHoldings{f.origin}}
	case *heartbeatNow:
		return f.beatNow(in)
	case *cancelled, *checkin, *closed, *downLimit, *leaseTimedOut, *restartsUsedUp:
		f.resyncing = false
		return f.anyLive(in)
	default:
		return nil
	}
}

// remember goes on as the connection knows it. Whatever else was asked for before the panic is given back.
func (f *feature) resynced(now Instant, in *holdings) []Effect {
	f.held, f.local = in.held, in.local
	effects := []Effect{f.releaseOthers()}
	switch {
	case in.recovering && in.last.failed >= f.set.Attempts && f.set.automatic():
		return append(effects, f.startRound(now, in.last)...)
	case in.held == 0:
		return append(effects, f.retake(now, in.connection.Server())...)
	case in.recovering:
		f.state = messages.StateReconnecting
	default:
		f.state = messages.StateHeld
	}
	return effects
}

// askAgain repeats what may have been forgotten.
func (f *feature) askAgain(now Instant) []Effect {
	switch {
	case f.state == messages.StateRetaking:
		return []Effect{f.moveOn(), f.takeAtOrigin(now)}
	case f.round == nil:
		return []Effect{f.releaseOthers()} // the connections may have forgotten where it is, or that it left
	case f.state == messages.StateCheckingOut && f.round.waiting:
		return append([]Effect{f.moveOn()}, f.waitInLine()...)
	case f.state == messages.StateCheckingOut:
		f.round.answered(messages.Answer{Reason: messages.Unanswered, Message: "the connection was restarted"})
		return append([]Effect{f.moveOn()}, f.askNextOrFail(now)...)
	default:
		f.round.reached = true // nobody knows: wait for the next beat rather than give up
		return append([]Effect{f.moveOn()}, f.askNextOrDecide(now)...)
	}
}
