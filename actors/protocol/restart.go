package protocol

// What is said after a panic.
type (
	// Restarted tells a feature that its actor panicked and that its machine was reset. With UsedUp no restart is left.
	Restarted struct {
		Message
		Cause  string
		UsedUp bool
	}
	// HoldingsQuery asks a feature's origin what it knows of the feature. The connection answers Holdings.
	HoldingsQuery struct {
		Message
		Member *Member
	}
	// Holdings is what the origin knows of a feature.
	Holdings struct {
		Message
		Connection *ConnectionRef
		Held       uint32 // the take that the lease is from; 0: there is no lease
		Local      bool
		Recovering bool             // the connection is in a break
		Last       *HeartbeatFailed // the latest failure of the break
	}
	// AskAgain tells a feature that a connection or the runtime was restarted, and may have lost what the feature asked
	// for.
	AskAgain struct{ Message }
	// RestartsUsedUp tells a feature that its origin panicked more often than is allowed.
	RestartsUsedUp struct {
		Message
		Connection *ConnectionRef
		Cause      string
	}
	// DropEnded tells a connection that the runtime was restarted and may have lost orders: the connection returns what
	// belongs to features that have ended.
	DropEnded struct{ Message }
)

// From returns the connection that was asked.
func (in *Holdings) From() *ConnectionRef { return in.Connection }

// From returns the connection that panicked.
func (in *RestartsUsedUp) From() *ConnectionRef { return in.Connection }
