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
		Deadline Instant // when the caller's context ends; zero: not by itself
	}
	// Cancelled says that the context of the first checkout's caller has ended, and why.
	Cancelled struct {
		Message
		Err error
	}
	// Closed says that the runtime is being closed.
	Closed struct{ Message }
	// DownLimit says that a server went down and came back more often than is allowed.
	DownLimit struct {
		Message
		Err *messages.UnavailableError
	}
	// Checkin returns the seats. Reply is answered when the server has taken them back, or cannot be reached.
	Checkin struct {
		Message
		Reply *Reply
	}
	// HeartbeatNow asks for a heartbeat now. Reply is answered with its result.
	HeartbeatNow struct {
		Message
		Reply *Reply
	}
)

// How a connection answers a take. Each answer names the take by its number.
type (
	// SeatGranted says that the server granted the seats.
	SeatGranted struct {
		Message
		Take       uint32
		Connection *ConnectionRef
		Server     messages.Server
		Local      bool // a local licence: it is never beaten (rule 1)
		Overdraft  bool // the seats are beyond those that were bought
	}
	// SeatRefused says that the server refused for good.
	SeatRefused struct {
		Message
		Take   uint32
		Server messages.Server
		Reason messages.Reason
		Text   string
	}
	// SeatUnanswered says that the server gave no answer in time, or a refusal with a retry-after (rule 10).
	SeatUnanswered struct {
		Message
		Take       uint32
		Server     messages.Server
		Reason     messages.Reason // Unanswered, or the reason of the refusal
		Cause      string
		Reached    bool // the server has replied to something since the round began
		RetryAfter time.Duration
		Again      bool // the server has answered in this round before, at another address, and was not asked again
	}
)

// FromOrigin is an input about a feature's origin, the connection that its seats are from. An input about any other
// connection is stale.
type FromOrigin interface {
	Input
	// From returns the connection that the input is about.
	From() *ConnectionRef
}

// What a connection tells the features whose origin it is.
type (
	// HeartbeatFailed says that a heartbeat of the connection failed. Features are told of the first failure, and of each
	// one from Attempts on.
	HeartbeatFailed struct {
		Message
		Connection *ConnectionRef
		Failed     int // failures in a row
		Cause      string
		Others     []messages.Address // the search list without the addresses of this server
	}
	// LeaseResumed says that the server still has the lease after a break or a restart (rule 8).
	LeaseResumed struct {
		Message
		Connection *ConnectionRef
	}
	// LeaseEnded says that the server no longer has the lease.
	LeaseEnded struct {
		Message
		Connection *ConnectionRef
		Reason     messages.Reason
	}
	// LeaseTimedOut says that no heartbeat was acknowledged for so long that the server may have given the seats away
	// (rule 16, EnforceTimeout).
	LeaseTimedOut struct {
		Message
		Connection *ConnectionRef
		Text       string
	}
	// ServerRegained says that the server answers again, and that the feature has no lease there.
	ServerRegained struct {
		Message
		Connection *ConnectionRef
	}
	// OriginReplaced says that another server answers at the origin's addresses (rule 7).
	OriginReplaced struct {
		Message
		Connection *ConnectionRef // the origin until now
		By         *ConnectionRef // the origin from now on
	}
)

// From returns the connection whose heartbeat failed.
func (in *HeartbeatFailed) From() *ConnectionRef { return in.Connection }

// From returns the connection of the lease.
func (in *LeaseResumed) From() *ConnectionRef { return in.Connection }

// From returns the connection of the lease.
func (in *LeaseEnded) From() *ConnectionRef { return in.Connection }

// From returns the connection of the lease.
func (in *LeaseTimedOut) From() *ConnectionRef { return in.Connection }

// From returns the connection whose server answers again.
func (in *ServerRegained) From() *ConnectionRef { return in.Connection }

// From returns the origin until now.
func (in *OriginReplaced) From() *ConnectionRef { return in.Connection }

// TakeMode says what a take is for, and so what happens when the server does not answer.
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

// Repeats reports whether a take of this mode is repeated at its server until it is answered. A take of another mode is
// given up for the next server.
func (m TakeMode) Repeats() bool { return m == RetakeMode || m == WaitMode }

// Effects of a feature that connections and the runtime read.
type (
	// TakeSeat asks a server for the seats. Connection is the server's connection; when it is nil, Address says which
	// server.
	TakeSeat struct {
		Take       uint32 // the takes of one feature are numbered from 1
		Address    messages.Address
		Connection *ConnectionRef
		Mode       TakeMode
		Began      Instant       // when the round began; SeatUnanswered.Reached counts from here
		Timeout    time.Duration // for the server's answer; not used by a mode that repeats
		Answered   []string      // ServerIDs of the servers that answered in this round, which are not asked again; never changed
	}
	// Release tells every connection what the feature no longer wants: all takes up to the number UpTo, and all leases
	// except the one that take Held brought at the connection Except.
	Release struct {
		Except *ConnectionRef // nil: no lease is kept
		Held   uint32
		UpTo   uint32
		Origin *ConnectionRef // for a checkin: the connection that answers Reply
		Reply  *Reply
	}
	// GaveUp tells the runtime that the feature has exited: no server was reached in its last round (rule 11). It is an
	// effect of the feature and an input of the runtime.
	GaveUp struct {
		Message
		Connection *ConnectionRef // the origin
		Feature    string
		Failed     int // failed heartbeats in a row
		Cause      string
	}
)

// IsEffect makes TakeSeat an Effect.
func (TakeSeat) IsEffect() {}

// IsEffect makes Release an Effect.
func (Release) IsEffect() {}

// IsEffect makes GaveUp an Effect.
func (*GaveUp) IsEffect() {}
