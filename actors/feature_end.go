package actors

import (
	"github.com/seatbeat/seatbeat/messages"
)

// closeOpenPair closes the pair of events that Retaking keeps open, when something else ends the checkout.
func (f *feature) closeOpenPair() []Effect {
	if f.state != messages.StateRetaking {
		return nil
	}
	return f.closePair(f.origin.Server(), messages.Ended, "")
}

func (f *feature) closePair(server messages.Server, reason messages.Reason, message string) []Effect {
	return []Effect{publish{messages.CheckoutFailed{Claim: f.member.Claim, Server: server, Reason: reason, Message: message}}}
}

// pairAt tells of a refusal: a whole pair at once, since the answer is what a sweep tells of.
func (f *feature) pairAt(server messages.Server, reason messages.Reason, message string) []Effect {
	retrying := publish{messages.RetryingFeature{Claim: f.member.Claim, Server: server}}
	return append([]Effect{retrying}, f.closePair(server, reason, message)...)
}

// lose: the seats are refused, revoked or timed out. The application decides what to do; the runtime never exits for it.
func (f *feature) lose(server messages.Server, reason messages.Reason, message string) []Effect {
	err := &messages.LostError{Claim: f.member.Claim, Server: server, Reason: reason, Message: message}
	return f.finish(messages.StateLost, err, f.lost(server, messages.StateLost, reason, message))
}

// giveUp: no server was reached during the last sweep. The runtime tells of it for all features of the connection.
func (f *feature) exit(trigger *heartbeatFailed) []Effect {
	server := f.origin.Server()
	err := &messages.ExitedError{Servers: f.set.Servers, Failed: trigger.failed, Cause: trigger.cause}
	effects := f.finish(messages.StateExited, err, f.lost(server, messages.StateExited, messages.GaveUp, trigger.cause))
	return append(effects, &gaveUp{connection: f.origin, feature: f.member.Claim.Feature, failed: trigger.failed, cause: trigger.cause})
}

func (f *feature) lost(server messages.Server, state messages.State, reason messages.Reason, message string) messages.Event {
	return messages.LicenseLost{Claim: f.member.Claim, Server: server, State: state, Reason: reason, Message: message}
}

// becomeUnavailable: servers went down and came back too often.
func (f *feature) becomeUnavailable(err *messages.UnavailableError) []Effect {
	event := f.lost(err.Server, messages.StateUnavailable, messages.DownLimit, err.Error())
	return f.finish(messages.StateUnavailable, err, event)
}

// checkIn: the application returns the seats. It succeeds here at once; the connection gives them back (rule 19).
func (f *feature) checkIn(err error, call *Reply) []Effect {
	effects := f.finish(messages.StateCheckedIn, err, messages.CheckedIn{Claim: f.member.Claim, Server: f.origin.Server()})
	for i, e := range effects {
		if l, ok := e.(release); ok {
			l.reply = call
			effects[i] = l
		}
	}
	return effects
}

// finish enters a final state: everything is returned (rule 14), and Done is closed before the event is published.
func (f *feature) finish(state messages.State, err error, event messages.Event) []Effect {
	f.state, f.round, f.held = state, nil, 0
	f.take++
	return append(make([]Effect, 0, 4), release{upTo: f.take, origin: f.origin}, end{err: err}, publish{event}) // and gaveUp
}
