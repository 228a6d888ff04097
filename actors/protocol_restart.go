package actors

// What is said after an actor has panicked.
type (
	// restarted tells a feature that its actor panicked and its machine was reset. With usedUp no restart is left.
	restarted struct {
		Message
		cause  string
		usedUp bool
	}
	// holdingsQuery asks a connection what it knows of a feature. It answers Holdings.
	holdingsQuery struct {
		Message
		member *Member
	}
	// holdings is what a feature's origin knows of it.
	holdings struct {
		Message
		connection *ConnectionRef
		held       uint32 // the take that the lease is from; 0: there is none
		local      bool
		recovering bool             // the connection is in a break
		last       *heartbeatFailed // as the feature would be told now
	}
	// askAgain tells a feature that a connection, or the runtime, was restarted and may have forgotten what the feature
	// asked for.
	askAgain struct{ Message }
	// restartsUsedUp tells a feature that the connection to its origin panicked too often.
	restartsUsedUp struct {
		Message
		connection *ConnectionRef
		cause      string
	}
	// dropEnded tells a connection that the runtime was restarted and may have lost orders: what belongs to features that
	// have ended is to be returned.
	dropEnded struct{ Message }
)

// From implements FromOrigin.
func (in *holdings) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *restartsUsedUp) From() *ConnectionRef { return in.connection }
