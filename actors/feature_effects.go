package actors

import "github.com/seatbeat/seatbeat/messages"

// Effects of a feature that only its own actor reads.
type (
	// ready tells the caller of the first checkout that the seats are granted.
	ready struct{}
	// queued notes what the servers answered before the first checkout began to wait in a queue, for the error to its
	// caller, should the caller leave.
	queued struct{ partial *messages.CheckoutError }
	// end closes Done with the error and ends the actor.
	end struct{ err error }
	// beatNow makes the origin's connection beat for the application.
	beatNow struct {
		connection *ConnectionRef
		reply      *Reply
	}
	// queryHoldings asks the origin's connection what the feature holds there.
	queryHoldings struct{ connection *ConnectionRef }
)

func (ready) IsEffect()         {}
func (queued) IsEffect()        {}
func (end) IsEffect()           {}
func (beatNow) IsEffect()       {}
func (queryHoldings) IsEffect() {}
