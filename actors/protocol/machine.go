package protocol

import (
	"github.com/seatbeat/seatbeat/messages"
)

// Input is a fact that a machine is given. Inputs are pointers, so that one value serves all receivers of a burst; nobody
// changes one after it was sent.
type Input interface{ IsInput() }

// Message marks a type as an Input, and keeps it out of protoactor's dead letter log. A feature's actor ends by itself;
// what is still on its way then is settled by the feature's connection and is no fault.
type Message struct{}

// IsInput makes a type that embeds Message an Input.
func (Message) IsInput() {}

// IgnoreDeadLetterLogging is how protoactor recognises messages that may find their actor gone.
func (Message) IgnoreDeadLetterLogging() {}

// Effect is an order that a machine gives its actor.
type Effect interface{ IsEffect() }

// Inputs and effects of more than one machine.
type (
	// WakeUp tells a machine that the time of its last WakeAt has come, or that it may have.
	WakeUp struct{ Message }
	// WakeAt replaces the one timer of an actor. A zero time stops it.
	WakeAt struct{ At Instant }
	// Publish tells the host's subscribers.
	Publish struct{ Event messages.Event }
	// Warn writes to the operator's log.
	Warn struct {
		Text string
		Args []any
	}
	// Answer answers a call of the application.
	Answer struct {
		Reply *Reply
		Err   error
	}
	// Tell sends an input to a feature.
	Tell struct {
		To *Member
		In Input
	}
	// TellAll sends one input to several features.
	TellAll struct {
		To []*Member
		In Input
	}
	// Forward sends an input to a connection.
	Forward struct {
		To *ConnectionRef
		In any
	}
)

func (WakeAt) IsEffect()  {}
func (Publish) IsEffect() {}
func (Warn) IsEffect()    {}
func (Answer) IsEffect()  {}
func (Tell) IsEffect()    {}
func (TellAll) IsEffect() {}
func (Forward) IsEffect() {}

// WakeOrder remembers the last WakeAt of a machine and returns the same value again while the time stays the same: most
// inputs do not change the time, and in a burst that saves an allocation for each.
type WakeOrder struct{ last Effect }

func (w *WakeOrder) WakeAt(at Instant) Effect {
	if w.last == nil || w.last.(WakeAt).At != at {
		w.last = WakeAt{at}
	}
	return w.last
}
