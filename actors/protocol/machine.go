package protocol

import "github.com/seatbeat/seatbeat/messages"

// Input is a message that a machine handles. An input is a pointer, so that one value serves all receivers of a burst.
type Input interface{ IsInput() }

// Message is embedded in every Input. It also keeps the input out of protoactor's dead letter log: a feature's actor ends
// by itself, and what is still on its way to the actor then is settled by the feature's connection.
type Message struct{}

// IsInput makes a type that embeds Message an Input.
func (Message) IsInput() {}

// IgnoreDeadLetterLogging is how protoactor recognises messages that may find their actor gone.
func (Message) IgnoreDeadLetterLogging() {}

// Effect is an order of a machine to the actor that runs it. The actor performs effects in the order given.
type Effect interface{ IsEffect() }

// Inputs and effects of several machines.
type (
	// WakeUp tells a machine that the time of its last WakeAt has come. It may arrive early or late: a machine looks at
	// what is due, not at who woke it.
	WakeUp struct{ Message }
	// WakeAt sets the one timer of an actor, in place of its last WakeAt. A zero instant stops the timer.
	WakeAt struct{ At Instant }
	// Publish delivers an event to the host's subscribers.
	Publish struct{ Event messages.Event }
	// Warn writes a line to the operator's log. Args are pairs of key and value.
	Warn struct {
		Text string
		Args []any
	}
	// Answer answers a call of the application.
	Answer struct {
		Reply *Reply
		Err   error
	}
	// Tell sends an input to one feature.
	Tell struct {
		To *Member
		In Input
	}
	// TellAll sends the same input to several features, in this order.
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

// IsEffect makes WakeAt an Effect.
func (WakeAt) IsEffect() {}

// IsEffect makes Publish an Effect.
func (Publish) IsEffect() {}

// IsEffect makes Warn an Effect.
func (Warn) IsEffect() {}

// IsEffect makes Answer an Effect.
func (Answer) IsEffect() {}

// IsEffect makes Tell an Effect.
func (Tell) IsEffect() {}

// IsEffect makes TellAll an Effect.
func (TellAll) IsEffect() {}

// IsEffect makes Forward an Effect.
func (Forward) IsEffect() {}

// WakeOrder makes the WakeAt effects of one machine. While the time stays the same it returns the same value: most inputs
// leave the time as it is, and in a burst that saves an allocation for each input. The zero value is ready for use.
type WakeOrder struct{ last Effect }

// WakeAt returns the effect that sets the timer.
func (w *WakeOrder) WakeAt(at Instant) Effect {
	if w.last == nil || w.last.(WakeAt).At != at {
		w.last = WakeAt{at}
	}
	return w.last
}
