package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Effects of a feature that only its own actor reads.
type (
	// Ready tells the caller of the first checkout that the seats are granted.
	Ready struct{}
	// Queued notes what the servers answered before the first checkout began to wait in a queue, for the error to its
	// caller, should the caller leave.
	Queued struct{ Partial *messages.CheckoutError }
	// End closes Done with the error and ends the actor.
	End struct{ Err error }
	// BeatNow makes the origin's connection beat for the application.
	BeatNow struct {
		Connection *protocol.ConnectionRef
		Reply      *protocol.Reply
	}
	// QueryHoldings asks the origin's connection what the feature holds there.
	QueryHoldings struct{ connection *protocol.ConnectionRef }
)

func (Ready) IsEffect()         {}
func (Queued) IsEffect()        {}
func (End) IsEffect()           {}
func (BeatNow) IsEffect()       {}
func (QueryHoldings) IsEffect() {}
