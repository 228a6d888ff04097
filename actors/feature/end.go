package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// closeOpenPair closes the pair of events that Retaking keeps open, when something else ends the checkout.
func (f *Machine) closeOpenPair() []protocol.Effect {
	if f.state != messages.StateRetaking {
		return nil
	}
	return f.closePair(f.origin.Server(), messages.Ended, "")
}

func (f *Machine) closePair(server messages.Server, reason messages.Reason, message string) []protocol.Effect {
	return []protocol.Effect{protocol.Publish{Event: messages.CheckoutFailed{Claim: f.member.Claim, Server: server, Reason: reason, Message: message}}}
}

// pairAt tells of a refusal: a whole pair at once, since the answer is what a sweep tells of.
func (f *Machine) pairAt(server messages.Server, reason messages.Reason, message string) []protocol.Effect {
	retrying := protocol.Publish{Event: messages.RetryingFeature{Claim: f.member.Claim, Server: server}}
	return append([]protocol.Effect{retrying}, f.closePair(server, reason, message)...)
}

// lose: the seats are refused, revoked or timed out. The application decides what to do; the runtime never exits for it.
func (f *Machine) lose(server messages.Server, reason messages.Reason, message string) []protocol.Effect {
	err := &messages.LostError{Claim: f.member.Claim, Server: server, Reason: reason, Message: message}
	return f.finish(messages.StateLost, err, f.lost(server, messages.StateLost, reason, message))
}

// giveUp: no server was reached during the last sweep. The runtime tells of it for all features of the connection.
func (f *Machine) exit(trigger *protocol.HeartbeatFailed) []protocol.Effect {
	server := f.origin.Server()
	err := &messages.ExitedError{Servers: f.set.Servers, Failed: trigger.Failed, Cause: trigger.Cause}
	effects := f.finish(messages.StateExited, err, f.lost(server, messages.StateExited, messages.GaveUp, trigger.Cause))
	return append(effects, &protocol.GaveUp{Connection: f.origin, Feature: f.member.Claim.Feature, Failed: trigger.Failed, Cause: trigger.Cause})
}

func (f *Machine) lost(server messages.Server, state messages.State, reason messages.Reason, message string) messages.Event {
	return messages.LicenseLost{Claim: f.member.Claim, Server: server, State: state, Reason: reason, Message: message}
}

// becomeUnavailable: servers went down and came back too often.
func (f *Machine) becomeUnavailable(err *messages.UnavailableError) []protocol.Effect {
	event := f.lost(err.Server, messages.StateUnavailable, messages.DownLimit, err.Error())
	return f.finish(messages.StateUnavailable, err, event)
}

// checkIn: the application returns the seats. It succeeds here at once; the connection gives them back (rule 19).
func (f *Machine) checkIn(err error, call *protocol.Reply) []protocol.Effect {
	effects := f.finish(messages.StateCheckedIn, err, messages.CheckedIn{Claim: f.member.Claim, Server: f.origin.Server()})
	for i, e := range effects {
		if l, ok := e.(protocol.Release); ok {
			l.Reply = call
			effects[i] = l
		}
	}
	return effects
}

// finish enters a final state: everything is returned (rule 14), and Done is closed before the event is published.
func (f *Machine) finish(state messages.State, err error, event messages.Event) []protocol.Effect {
	f.state, f.round, f.held = state, nil, 0
	f.take++
	return append(make([]protocol.Effect, 0, 4), protocol.Release{UpTo: f.take, Origin: f.origin}, End{Err: err}, protocol.Publish{Event: event}) // and gaveUp
}
