package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// retrying opens a pair of events: a server answered again and is asked for the seats.
func retrying(claim messages.Claim, server messages.Server) protocol.Effect {
	return protocol.Publish{Event: messages.RetryingFeature{Claim: claim, Server: server}}
}

// succeeded closes a pair: the server granted the seats.
func succeeded(claim messages.Claim, in *protocol.SeatGranted) protocol.Effect {
	return protocol.Publish{Event: messages.CheckoutSucceeded{Claim: claim, Server: in.Server, Overdraft: in.Overdraft}}
}

// failed closes a pair without the seats.
func failed(claim messages.Claim, server messages.Server, reason messages.Reason, text string) protocol.Effect {
	return protocol.Publish{Event: messages.CheckoutFailed{Claim: claim, Server: server, Reason: reason, Message: text}}
}

// lost returns the event about a license that ended without a checkin.
func lost(claim messages.Claim, server messages.Server, state messages.State, reason messages.Reason, text string) messages.Event {
	return messages.LicenseLost{Claim: claim, Server: server, State: state, Reason: reason, Message: text}
}
