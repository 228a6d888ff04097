package protocol

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// What features order from a connection.
type (
	TakeOrder struct {
		Message
		Member *Member
		TakeSeat
	}
	ReleaseOrder struct {
		Message
		Member *Member
		Release
	}
	// BeatOrder is the application's own heartbeat.
	BeatOrder struct {
		Message
		Member *Member
		Reply  *Reply
	}
)

// What the runtime tells a connection.
type (
	// Confirmed: this is the one connection to its server.
	Confirmed struct {
		Message
		Dialled Dialled
	}
	// AliasOf: the server has another connection already, which gets everything from now on.
	AliasOf struct {
		Message
		Connection *ConnectionRef
	}
	// AddressFound: another connection reached this server at an address.
	AddressFound struct {
		Message
		Dialled Dialled
	}
	// ReplacedBy: the address of this connection leads to another server now, whose connection this is.
	ReplacedBy struct {
		Message
		Connection *ConnectionRef
	}
	// TakenOver: these features come from a connection whose server is gone.
	TakenOver struct {
		Message
		Members []*Member
		Renewed []*Instant // the age of each feature's last lease there
		Returns []Return   // everything that the features held or asked for there
	}
	// ClockJumped: the machine slept, or somebody set the clock. Every connection beats at once.
	ClockJumped struct{ Message }
	// Drain: the runtime closes. The connection takes nothing any more and says when nothing is left to return.
	Drain struct{ Message }
)

// What a connection tells the runtime.
type (
	// Identify asks whether the server has a connection already. The runtime answers Confirmed or AliasOf.
	Identify struct {
		Connection *ConnectionRef
		Dialled    Dialled
	}
	// OtherServerFound hands over a session to another server, which answered at an address of this connection. With move
	// the features follow, and the runtime answers ReplacedBy.
	OtherServerFound struct {
		Connection *ConnectionRef
		Dialled    Dialled
		Move       bool
	}
	// Drained says that nothing is left to return.
	Drained struct{ Connection *ConnectionRef }
)

func (Identify) IsEffect()         {}
func (OtherServerFound) IsEffect() {}
func (Drained) IsEffect()          {}

// Dialled is a session that was opened, and the server that answered.
type Dialled struct {
	Address messages.Address
	Session transport.Session // nil: it was handed over before
	Hello   transport.Hello
	Returns []Return // requests that this server may have executed when it answered in another one's place
	Flaps   int      // how often the server at this address changed before
}

// Return is a request whose seats are to be returned, whether it was granted or only may have been.
type Return struct {
	Claim   uint64 // ID of the checkout that the request was for
	Request messages.RequestID
}
