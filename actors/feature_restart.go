package actors

import (
	"github.com/seatbeat/seatbeat/messages"
)

// Inputs and effects of a restart.
type (
	// restarted: the actor panicked, and the machine was made anew. With usedUp no restart is left.
	restarted struct {
		quiet
		cause  string
		usedUp bool
	}
	// recalled is what the origin's connection knows of the feature.
	recalled struct {
		quiet
		link   *Link
		held   uint32 // the take that the lease is from; 0: there is none
		local  bool
		broken bool
		last   *heartbeatFailed // as it would be told now
	}
	// askAgain: a connection, or the directory, was restarted, and may have forgotten who asks for seats.
	askAgain struct{ quiet }
	// recall asks the origin's connection what it knows.
	recall struct{ link *Link }
)

func (in *recalled) from() *Link { return in.link }

func (recall) isEffect() {}

// rebirth makes the machine of a feature whose actor panicked anew: what never changes stays, since the application's
// handle may be reading it, and what the handle shows.
func (f *feature) rebirth(state messages.State, origin *Link, local bool) {
	f.state, f.origin, f.local = state, origin, local
	f.rounds, f.held, f.sweep, f.recalling = 0, 0, nil, false
}

// restart: the connection knows what the feature holds; until it has answered nothing else is believed, and nothing is
// given back: the feature may hold the seats elsewhere by now, its origin having been replaced.
func (f *feature) restart(in *restarted) []effect {
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
	f.recalling = true
	f.take++
	return append(effects, publish{messages.FeatureRestarted{Claim: f.claim, Cause: in.cause}}, recall{f.origin})
}

func (f *feature) defect(cause string) error {
	return &messages.LostError{Claim: f.claim, Reason: messages.Internal, Message: cause}
}

// remembering waits for the connection's word. What ends the checkout is still heeded.
func (f *feature) remembering(now instant, in input) []effect {
	switch in := in.(type) {
	case *recalled:
		f.recalling = false
		return f.remember(now, in)
	case *askAgain:
		return []effect{recall{f.origin}}
	case *originReplaced:
		f.origin = in.by
		return []effect{recall{f.origin}}
	case *heartbeatNow:
		return f.beatNow(in)
	case *cancelled, *checkin, *closed, *downLimit, *leaseTimedOut, *restartsUsedUp:
		f.recalling = false
		return f.anyLive(in)
	default:
		return nil
	}
}

// remember goes on as the connection knows it. Whatever else was asked for before the panic is given back.
func (f *feature) remember(now instant, in *recalled) []effect {
	f.held, f.local = in.held, in.local
	effects := []effect{f.settle()}
	switch {
	case in.broken && in.last.failed >= f.set.Attempts && f.set.automatic():
		return append(effects, f.startSweep(now, in.last)...)
	case in.held == 0:
		return append(effects, f.retake(now, in.link.Server())...)
	case in.broken:
		f.state = messages.StateReconnecting
	default:
		f.state = messages.StateHeld
	}
	return effects
}

// askAgain repeats what may have been forgotten.
func (f *feature) askAgain(now instant) []effect {
	switch {
	case f.state == messages.StateRetaking:
		return []effect{f.moveOn(), f.takeAtOrigin(now)}
	case f.sweep == nil:
		return []effect{f.settle()} // the connections may have forgotten where it is, or that it left
	case f.state == messages.StateCheckingOut && f.sweep.waiting:
		return append([]effect{f.moveOn()}, f.waitInLine()...)
	case f.state == messages.StateCheckingOut:
		f.sweep.answered(messages.Answer{Reason: messages.Unanswered, Message: "the connection was restarted"})
		return append([]effect{f.moveOn()}, f.askNextOrFail(now)...)
	default:
		f.sweep.reached = true // nobody knows: wait for the next beat rather than give up
		return append([]effect{f.moveOn()}, f.askNextOrDecide(now)...)
	}
}
