package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// What the application and the runtime tell a feature.
type (
	// begin starts the first checkout.
	begin struct {
		Message
		deadline Instant // of the caller; zero: none
	}
	// cancelled says that the caller of the first checkout has left, and why.
	cancelled struct {
		Message
		err error
	}
	// closed says that the runtime is being closed.
	closed struct{ Message }
	// downLimit says that a server went down and came back too often.
	downLimit struct {
		Message
		err *messages.UnavailableError
	}
	// checkin returns the seats.
	checkin struct {
		Message
		reply *Reply
	}
	// heartbeatNow asks for a heartbeat now.
	heartbeatNow struct {
		Message
		reply *Reply
	}
)

// What a connection answers to a take. Each names the take by its number.
type (
	seatGranted struct {
		Message
		take       uint32
		connection *ConnectionRef
		server     messages.Server
		local      bool
		overdraft  bool // beyond the seats that were bought
	}
	// seatRefused: the server said no for good.
	seatRefused struct {
		Message
		take    uint32
		server  messages.Server
		reason  messages.Reason
		message string
	}
	// seatUnanswered: the server gave no answer, or a refusal with a retry-after.
	seatUnanswered struct {
		Message
		take       uint32
		server     messages.Server
		reason     messages.Reason // Unanswered, or that of the refusal
		cause      string
		reached    bool // a server replied to something since the round began
		retryAfter time.Duration
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
	heartbeatFailed struct {
		Message
		connection *ConnectionRef
		failed     int // in a row
		cause      string
		others     []messages.Address // the search list without the addresses of this server
	}
	// leaseResumed: after a break, the server still has the lease.
	leaseResumed struct {
		Message
		connection *ConnectionRef
	}
	// leaseEnded: the server no longer has the lease.
	leaseEnded struct {
		Message
		connection *ConnectionRef
		reason     messages.Reason
	}
	// leaseTimedOut: no heartbeat was acknowledged for so long that the server may have given the seats away.
	leaseTimedOut struct {
		Message
		connection *ConnectionRef
		message    string
	}
	// serverRegained: the server answers again, and has no lease for this feature.
	serverRegained struct {
		Message
		connection *ConnectionRef
	}
	// originReplaced: another server has taken the place of the origin.
	originReplaced struct {
		Message
		connection *ConnectionRef // the connection that is no longer the origin
		by         *ConnectionRef // the connection that is
	}
)

// From implements FromOrigin.
func (in *heartbeatFailed) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *leaseResumed) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *leaseEnded) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *leaseTimedOut) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *serverRegained) From() *ConnectionRef { return in.connection }

// From implements FromOrigin.
func (in *originReplaced) From() *ConnectionRef { return in.connection }

// takeMode says what a take is for, and so what follows when the server does not answer.
type takeMode uint8

const (
	// firstMode is for a first checkout: without an answer the next server is asked.
	firstMode takeMode = iota
	// roundMode is for a failover round: without an answer the next server is asked.
	roundMode
	// retakeMode is for a re-checkout at the origin: the take is repeated until it is answered.
	retakeMode
	// waitMode is for a first checkout that waits in the server's queue: the take is repeated until it is answered.
	waitMode
)

// repeats reports whether a take of this mode is repeated at its server until it is answered. Takes of the other modes
// are given up for the next server.
func (m takeMode) repeats() bool { return m == retakeMode || m == waitMode }

// Effects of a feature that connections and the runtime read.
type (
	// takeSeat asks for the seats: the server at an address, or a connection.
	takeSeat struct {
		take       uint32 // numbers the takes of one feature
		address    messages.Address
		connection *ConnectionRef // nil: address says whom to ask
		mode       takeMode
		began      Instant       // when the round began: "reached" means a reply since then
		timeout    time.Duration // for this server's answer; 0 for a mode that repeats
	}
	// release tells all connections what the feature no longer wants: every take up to the number UpTo, and every lease
	// except the one that take Held brought at the connection Except.
	release struct {
		except *ConnectionRef // nil: nothing is kept
		held   uint32
		upTo   uint32
		origin *ConnectionRef // of a checkin: the connection that answers Reply
		reply  *Reply
	}
	// gaveUp tells the runtime that a feature ended because no server was reached.
	gaveUp struct {
		Message
		connection *ConnectionRef
		feature    string
		failed     int
		cause      string
	}
)

func (takeSeat) IsEffect() {}
func (release) IsEffect()  {}
func (*gaveUp) IsEffect()  {}
