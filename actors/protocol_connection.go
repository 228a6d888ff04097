package actors

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// What features order from a connection.
type (
	takeOrder struct {
		Message
		member *Member
		takeSeat
	}
	releaseOrder struct {
		Message
		member *Member
		release
	}
	// beatOrder is the application's own heartbeat.
	beatOrder struct {
		Message
		member *Member
		reply  *Reply
	}
)

// What the runtime tells a connection.
type (
	// confirmed: this is the one connection to its server.
	confirmed struct {
		Message
		dialled dialled
	}
	// aliasOf: the server has another connection already, which gets everything from now on.
	aliasOf struct {
		Message
		connection *ConnectionRef
	}
	// addressFound: another connection reached this server at an address.
	addressFound struct {
		Message
		dialled dialled
	}
	// replacedBy: the address of this connection leads to another server now, whose connection this is.
	replacedBy struct {
		Message
		connection *ConnectionRef
	}
	// takenOver: these features come from a connection whose server is gone.
	takenOver struct {
		Message
		members []*Member
		renewed []*Instant // the age of each feature's last lease there
		returns []Return   // everything that the features held or asked for there
	}
	// clockJumped: the machine slept, or somebody set the clock. Every connection beats at once.
	clockJumped struct{ Message }
	// drain: the runtime closes. The connection takes nothing any more and says when nothing is left to return.
	drain struct{ Message }
)

// What a connection tells the runtime.
type (
	// identify asks whether the server has a connection already. The runtime answers Confirmed or AliasOf.
	identify struct {
		connection *ConnectionRef
		dialled    dialled
	}
	// otherServerFound hands over a session to another server, which answered at an address of this connection. With move
	// the features follow, and the runtime answers ReplacedBy.
	otherServerFound struct {
		connection *ConnectionRef
		dialled    dialled
		move       bool
	}
	// drained says that nothing is left to return.
	drained struct{ connection *ConnectionRef }
)

func (identify) IsEffect()         {}
func (otherServerFound) IsEffect() {}
func (drained) IsEffect()          {}

// dialled is a session that was opened, and the server that answered.
type dialled struct {
	address messages.Address
	session transport.Session // nil: it was handed over before
	hello   transport.Hello
	returns []Return // requests that this server may have executed when it answered in another one's place
	flaps   int      // how often the server at this address changed before
}

// Return is a request whose seats are to be returned, whether it was granted or only may have been.
type Return struct {
	Claim   uint64 // ID of the checkout that the request was for
	Request messages.RequestID
}
