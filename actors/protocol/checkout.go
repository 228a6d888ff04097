package protocol

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// What the application and the runtime tell a feature.
type (
	// Begin starts the first checkout.
	Begin struct {
		Message
		Deadline Instant // of the caller; zero: none
	}
	// Cancelled says that the caller of the first checkout has left, and why.
	Cancelled struct {
		Message
		Err error
	}
	// Closed says that the runtime is being closed.
	Closed struct{ Message }
	// DownLimit says that a server went down and came back too often.
	DownLimit struct {
		Message
		Err *messages.UnavailableError
	}
	// Checkin returns the seats.
	Checkin struct {
		Message
		Reply *Reply
	}
	// HeartbeatNow asks for a heartbeat now.
	HeartbeatNow struct {
		Message
		Reply *Reply
	}
)

// What a connection answers to a take. Each names the take by its number.
type (
	SeatGranted struct {
		Message
		Take       uint32
		Connection *ConnectionRef
		Server     messages.Server
		Local      bool
		Overdraft  bool // beyond the seats that were bought
	}
	// SeatRefused: the server said no for good.
	SeatRefused struct {
		Message
		Take   uint32
		Server messages.Server
		Reason messages.Reason
		Text   string
	}
	// SeatUnanswered: the server gave no answer, or a refusal with a retry-after.
	SeatUnanswered struct {
		Message
		Take       uint32
		Server     messages.Server
		Reason     messages.Reason // Unanswered, or that of the refusal
		Cause      string
		Reached    bool // a server replied to something since the round began
		RetryAfter time.Duration
	}
)

// FromOrigin is an input about the connection that a feature's seats are from. From any other connection it is stale.
type FromOrigin interface {
	Input
	// From returns the connection that the input is about.
	From() *ConnectionRef
}

// What a connection tells the features whose origin it is.
type (
	HeartbeatFailed struct {
		Message
		Connection *ConnectionRef
		Failed     int // in a row
		Cause      string
		Others     []messages.Address // the search list without the addresses of this server
	}
	// LeaseResumed: after a break, the server still has the lease.
	LeaseResumed struct {
		Message
		Connection *ConnectionRef
	}
	// LeaseEnded: the server no longer has the lease.
	LeaseEnded struct {
		Message
		Connection *ConnectionRef
		Reason     messages.Reason
	}
	// LeaseTimedOut: no heartbeat was acknowledged for so long that the server may have given the seats away.
	LeaseTimedOut struct {
		Message
		Connection *ConnectionRef
		Text       string
	}
	// ServerRegained: the server answers again, and has no lease for this feature.
	ServerRegained struct {
		Message
		Connection *ConnectionRef
	}
	// OriginReplaced: another server has taken the place of the origin.
	OriginReplaced struct {
		Message
		Connection *ConnectionRef // the connection that is no longer the origin
		By         *ConnectionRef // the connection that is
	}
)

// From implements FromOrigin.
func (in *HeartbeatFailed) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *LeaseResumed) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *LeaseEnded) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *LeaseTimedOut) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *ServerRegained) From() *ConnectionRef { return in.Connection }

// From implements FromOrigin.
func (in *OriginReplaced) From() *ConnectionRef { return in.Connection }

// TakeMode says what a take is for, and so what follows when the server does not answer.
type TakeMode uint8

const (
	// FirstMode is for a first checkout: without an answer the next server is asked.
	FirstMode TakeMode = iota
	// RoundMode is for a failover round: without an answer the next server is asked.
	RoundMode
	// RetakeMode is for a re-checkout at the origin: the take is repeated until it is answered.
	RetakeMode
	// WaitMode is for a first checkout that waits in the server's queue: the take is repeated until it is answered.
	WaitMode
)

// Repeats reports whether a take of this mode is repeated at its server until it is answered. Takes of the other modes
// are given up for the next server.
func (m TakeMode) Repeats() bool { return m == RetakeMode || m == WaitMode }

// Effects of a feature that connections and the runtime read.
type (
	// TakeSeat asks for the seats: the server at an address, or a connection.
	TakeSeat struct {
		Take       uint32 // numbers the takes of one feature
		Address    messages.Address
		Connection *ConnectionRef // nil: address says whom to ask
		Mode       TakeMode
		Began      Instant       // when the round began: "reached" means a reply since then
		Timeout    time.Duration // for this server's answer; 0 for a mode that repeats
	}
	// Release tells all connections what the feature no longer wants: every take up to the number UpTo, and every lease
	// except the one that take Held brought at the connection Except.
	Release struct {
		Except *ConnectionRef // nil: nothing is kept
		Held   uint32
		UpTo   uint32
		Origin *ConnectionRef // of a checkin: the connection that answers Reply
		Reply  *Reply
	}
	// GaveUp tells the runtime that a feature ended because no server was reached.
	GaveUp struct {
		Message
		Connection *ConnectionRef
		Feature    string
		Failed     int
		Cause      string
	}
)

func (TakeSeat) IsEffect() {}
func (Release) IsEffect()  {}
func (*GaveUp) IsEffect()  {}
