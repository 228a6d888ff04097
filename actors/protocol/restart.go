package protocol

// What is said after an actor has panicked.
type (
	// Restarted tells a feature that its actor panicked and its machine was reset. With usedUp no restart is left.
	Restarted struct {
		Message
		Cause  string
		UsedUp bool
	}
	// HoldingsQuery asks a connection what it knows of a feature. It answers Holdings.
	HoldingsQuery struct {
		Message
		Member *Member
	}
	// Holdings is what a feature's origin knows of it.
	Holdings struct {
		Message
		Connection *ConnectionRef
		Held       uint32 // the take that the lease is from; 0: there is none
		Local      bool
		Recovering bool             // the connection is in a break
		Last       *HeartbeatFailed // as the feature would be told now
	}
	// AskAgain tells a feature that a connection, or the runtime, was restarted and may have forgotten what the feature
	// asked for.
	AskAgain struct{ Message }
	// RestartsUsedUp tells a feature that the connection to its origin panicked too often.
	RestartsUsedUp struct {
		Message
		Connection *ConnectionRef
		Cause      string
	}
	// DropEnded tells a connection that the runtime was restarted and may have lost orders: what belongs to features that
	// have ended is to be returned.
	DropEnded struct{ Message }
)

// From implements FromOrigin.
func (in *Holdings) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *RestartsUsedUp) From() *ConnectionRef { return in.Connection }
