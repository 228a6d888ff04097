package actors

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
	// wakeUp tells a machine that the time of its last WakeAt has come, or that it may have.
	wakeUp struct{ Message }
	// wakeAt replaces the one timer of an actor. A zero time stops it.
	wakeAt struct{ at Instant }
	// publish tells the host's subscribers.
	publish struct{ event messages.Event }
	// warn writes to the operator's log.
	warn struct {
		text string
		args []any
	}
	// answer answers a call of the application.
	answer struct {
		reply *Reply
		err   error
	}
	// tell sends an input to a feature.
	tell struct {
		to *Member
		in Input
	}
	// tellAll sends one input to several features.
	tellAll struct {
		to []*Member
		in Input
	}
	// forward sends an input to a connection.
	forward struct {
		to *ConnectionRef
		in any
	}
)

func (wakeAt) IsEffect()  {}
func (publish) IsEffect() {}
func (warn) IsEffect()    {}
func (answer) IsEffect()  {}
func (tell) IsEffect()    {}
func (tellAll) IsEffect() {}
func (forward) IsEffect() {}

// wakeOrder remembers the last WakeAt of a machine and returns the same value again while the time stays the same: most
// inputs do not change the time, and in a burst that saves an allocation for each.
type wakeOrder struct{ last Effect }

func (w *wakeOrder) wakeAt(at Instant) Effect {
	if w.last == nil || w.last.(wakeAt).at != at {
		w.last = wakeAt{at}
	}
	return w.last
}
