package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// rebirth makes the machine of a feature whose actor panicked anew: what never changes stays, since the application's
// handle may be reading it, and what the handle shows.
func (f *Machine) Reset(state messages.State, origin *protocol.ConnectionRef, local bool) {
	f.state, f.origin, f.local = state, origin, local
	f.rounds, f.held, f.round, f.resyncing = 0, 0, nil, false
}

// restart: the connection knows what the feature holds; until it has answered nothing else is believed, and nothing is
// given back: the feature may hold the seats elsewhere by now, its origin having been replaced.
func (f *Machine) restart(in *protocol.Restarted) []protocol.Effect {
	if f.state == messages.StateCheckingOut {
		return f.abandon(f.defect(in.Cause))
	}
	effects := f.closeOpenPair()
	if in.UsedUp {
		return append(effects, f.lose(f.origin.Server(), messages.Internal, in.Cause)...)
	}
	if f.state == messages.StateRetaking {
		f.state = messages.StateReconnecting // its pair is closed; what came of the take is to be told
	}
	f.resyncing = true
	f.take++
	return append(effects, protocol.Publish{Event: messages.FeatureRestarted{Claim: f.member.Claim, Cause: in.Cause}}, QueryHoldings{f.origin})
}

func (f *Machine) defect(cause string) error {
	return &messages.LostError{Claim: f.member.Claim, Reason: messages.Internal, Message: cause}
}

// remembering waits for the connection's word. What ends the checkout is still heeded.
func (f *Machine) resync(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.Holdings:
		f.resyncing = false
		return f.resynced(now, in)
	case *protocol.AskAgain:
		return []protocol.Effect{QueryHoldings{f.origin}}
	case *protocol.OriginReplaced:
		f.origin = in.By
		return []protocol.Effect{QueryHoldings{f.origin}}
	case *protocol.HeartbeatNow:
		return f.beatNow(in)
	case *protocol.Cancelled, *protocol.Checkin, *protocol.Closed, *protocol.DownLimit, *protocol.LeaseTimedOut, *protocol.RestartsUsedUp:
		f.resyncing = false
		return f.anyLive(in)
	default:
		return nil
	}
}

// remember goes on as the connection knows it. Whatever else was asked for before the panic is given back.
func (f *Machine) resynced(now protocol.Instant, in *protocol.Holdings) []protocol.Effect {
	f.held, f.local = in.Held, in.Local
	effects := []protocol.Effect{f.releaseOthers()}
	switch {
	case in.Recovering && in.Last.Failed >= f.set.Attempts && f.set.Automatic():
		return append(effects, f.startRound(now, in.Last)...)
	case in.Held == 0:
		return append(effects, f.retake(now, in.Connection.Server())...)
	case in.Recovering:
		f.state = messages.StateReconnecting
	default:
		f.state = messages.StateHeld
	}
	return effects
}

// askAgain repeats what may have been forgotten.
func (f *Machine) askAgain(now protocol.Instant) []protocol.Effect {
	switch {
	case f.state == messages.StateRetaking:
		return []protocol.Effect{f.moveOn(), f.takeAtOrigin(now)}
	case f.round == nil:
		return []protocol.Effect{f.releaseOthers()} // the connections may have forgotten where it is, or that it left
	case f.state == messages.StateCheckingOut && f.round.waiting:
		return append([]protocol.Effect{f.moveOn()}, f.waitInLine()...)
	case f.state == messages.StateCheckingOut:
		f.round.answered(messages.Answer{Reason: messages.Unanswered, Message: "the connection was restarted"})
		return append([]protocol.Effect{f.moveOn()}, f.askNextOrFail(now)...)
	default:
		f.round.reached = true // nobody knows: wait for the next beat rather than give up
		return append([]protocol.Effect{f.moveOn()}, f.askNextOrDecide(now)...)
	}
}
