package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Effects that only the feature's own actor reads. The others are in package protocol.
type (
	// Ready tells the caller of the first checkout that the seats are granted.
	Ready struct{}
	// Queued keeps what the servers answered before the first checkout began to wait in a server's queue. If the
	// caller's context ends during the wait, the caller gets these answers.
	Queued struct{ Partial *messages.CheckoutError }
	// End sets the license's error, closes its Done and ends the actor.
	End struct{ Err error }
	// BeatNow makes the connection to the origin send a heartbeat, because the application asked for it.
	BeatNow struct {
		Connection *protocol.ConnectionRef
		Reply      *protocol.Reply
	}
	// QueryHoldings asks the origin what the feature holds there.
	QueryHoldings struct{ Connection *protocol.ConnectionRef }
)

// IsEffect makes Ready an Effect.
func (Ready) IsEffect() {}

// IsEffect makes Queued an Effect.
func (Queued) IsEffect() {}

// IsEffect makes End an Effect.
func (End) IsEffect() {}

// IsEffect makes BeatNow an Effect.
func (BeatNow) IsEffect() {}

// IsEffect makes QueryHoldings an Effect.
func (QueryHoldings) IsEffect() {}
