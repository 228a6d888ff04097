package protocol

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Orders of features to a connection.
type (
	// TakeOrder is a TakeSeat with the feature that asks.
	TakeOrder struct {
		Message
		Member *Member
		TakeSeat
	}
	// ReleaseOrder is a Release with the feature that releases.
	ReleaseOrder struct {
		Message
		Member *Member
		Release
	}
	// BeatOrder asks for a heartbeat now, for the application. Reply is answered with its result.
	BeatOrder struct {
		Message
		Member *Member
		Reply  *Reply
	}
)

// What the runtime tells a connection.
type (
	// Confirmed answers Identify: this is the one connection to its server.
	Confirmed struct {
		Message
		Dialled Dialled
	}
	// AliasOf answers Identify: the server has another connection already, which gets everything from now on.
	AliasOf struct {
		Message
		Connection *ConnectionRef
	}
	// AddressFound says that another connection reached this connection's server at an address.
	AddressFound struct {
		Message
		Dialled Dialled
	}
	// ReplacedBy answers OtherServerFound with Move: the other server has this connection, and the features follow there.
	ReplacedBy struct {
		Message
		Connection *ConnectionRef
	}
	// ClockJumped says that the machine slept or that somebody set the clock (rule 17).
	ClockJumped struct{ Message }
	// Drain says that the runtime is being closed: the connection takes no more seats, and sends Drained when nothing is
	// left to return.
	Drain struct{ Message }
)

// TakenOver is sent to the connection that takes over the features of another one, whose server is gone.
type TakenOver struct {
	Message
	Members []*Member
	Renewed []*Instant // when each member's last lease there was renewed; nil: never
	Returns []Return   // all that the members held or asked for there
}

// What a connection tells the runtime.
type (
	// Identify asks whether the server that was reached has a connection already. The runtime answers Confirmed or AliasOf.
	Identify struct {
		Connection *ConnectionRef
		Dialled    Dialled
	}
	// OtherServerFound hands over a session to another server, which answered at an address of this connection. With Move
	// the features of this connection are to follow, and the runtime answers ReplacedBy.
	OtherServerFound struct {
		Connection *ConnectionRef
		Dialled    Dialled
		Move       bool
	}
	// Drained says that the connection has nothing left to return.
	Drained struct {
		Connection *ConnectionRef
		Refused    int // returns that the server refused for good, and whose seats it may still have
	}
)

// IsEffect makes Identify an Effect.
func (Identify) IsEffect() {}

// IsEffect makes OtherServerFound an Effect.
func (OtherServerFound) IsEffect() {}

// IsEffect makes Drained an Effect.
func (Drained) IsEffect() {}

// Dialled is a session that was opened, and the server that answered.
type Dialled struct {
	Address   messages.Address
	Session   transport.Session // nil: it was handed over before
	Hello     transport.Hello
	Returns   []Return // requests that this server may have executed when it answered in another server's place
	Flaps     int      // identity changes in a row at this address
	NotBefore Instant  // the server asked to wait until then; zero: it did not
}

// Return is a request whose seats are to be returned, whether it was granted or only may have been.
type Return struct {
	Claim   uint64 // ID of the checkout that the request was for
	Request messages.RequestID
}
