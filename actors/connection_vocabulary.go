package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Inputs of a connection. Orders come from features, the next group from the runtime, the rest are results of its own
// exchanges and timers.
type (
	takeOrder struct {
		Message
		member *Feature
		takeSeat
	}
	releaseOrder struct {
		Message
		member *Feature
		release
	}
	beatOrder struct {
		Message
		member *Feature
		reply  *Reply
	}
	drain struct{ Message }

	// adopted: this is the connection of its server.
	confirmed struct {
		Message
		dialled dialled
	}
	// mergeInto: the server has a connection already.
	aliasOf struct {
		Message
		connection *ConnectionRef
	}
	// handover: another connection found this server at an address.
	addressFound struct {
		Message
		dialled dialled
	}
	// replacedBy: the address of this connection leads to another server now.
	replacedBy struct {
		Message
		connection *ConnectionRef
	}

	// inherited: these features come from a connection whose server is gone, with the age of their last lease there and
	// all that they had or asked for.
	takenOver struct {
		Message
		members []*Feature
		renewed []*Instant
		returns []debt
	}

	// beatDue: the heartbeat actor says that a beat is due.
	beatDue struct{ Message }
	wakeUp  struct{ Message }

	connected struct {
		Message
		seq           uint64
		address       messages.Address
		session       transport.Session // nil: err says why
		hello         transport.Hello
		otherSessions []dialled // sessions to other servers, found at this server's addresses
		err           error
	}
	beatAnswered struct {
		Message
		seq    uint64
		chunks []chunkAnswer
	}
	takesAnswered struct {
		Message
		seq   uint64
		reply transport.CheckoutReply
		err   error
	}
	returnsAnswered struct {
		Message
		seq   uint64
		reply transport.CheckinReply
		err   error
	}
)

// found is a session that was opened, and to whom.
type dialled struct {
	address messages.Address
	session transport.Session // nil: it was given away before
	hello   transport.Hello
	returns []debt // requests that this server may have executed in another one's name
	flaps   int    // how often the server at this address changed before, see slowDown
}

// chunkAnswer answers the part of a beat from position from on.
type chunkAnswer struct {
	from  int
	count int
	reply transport.HeartbeatReply
	err   error
}

// Effects of a connection. An exchange comes back as the input of its name with the same seq.
type (
	// tell and tellAll send an input to features.
	tell struct {
		to *Feature
		in Input
	}
	tellAll struct {
		to []*Feature
		in Input
	}
	// connect reaches the server at the first address that works. Each address may take timeout.
	connect struct {
		seq       uint64
		addresses []messages.Address
		serverID  string // whom to look for; empty: whoever answers
		timeout   time.Duration
	}
	sendBeat struct {
		seq     uint64
		session transport.Session
		leases  []messages.LeaseID
		timeout time.Duration
	}
	checkout struct {
		seq     uint64
		session transport.Session
		takes   []transport.Take
		timeout time.Duration
	}
	checkinAll struct {
		seq     uint64
		session transport.Session
		returns []transport.Return
		timeout time.Duration
	}
	closeSession struct{ session transport.Session }
	// wakeAt replaces the one timer of an actor; zero stops it.
	wakeAt struct{ at Instant }
	// beatEvery paces the heartbeat actor; zero stops it.
	beatEvery struct{ interval time.Duration }
	// holdBeats asks for no beat before that.
	holdBeats struct{ pause time.Duration }
	// identify asks the runtime whether the server has a connection already.
	identify struct {
		connection *ConnectionRef
		dialled    dialled
	}
	// strangerFound gives the runtime a session to another server, found at this one's address. With move the features
	// follow: the runtime answers replacedBy.
	otherServerFound struct {
		connection *ConnectionRef
		dialled    dialled
		move       bool
	}
	// forward passes an input on to another connection.
	forward struct {
		to *ConnectionRef
		in any
	}
	drained struct{ connection *ConnectionRef }
	// warn is for the operator's log.
	warn struct {
		text string
		args []any
	}
	// reply answers a call of the application.
	answer struct {
		reply *Reply
		err   error
	}
)

func (tell) IsEffect()             {}
func (tellAll) IsEffect()          {}
func (connect) IsEffect()          {}
func (sendBeat) IsEffect()         {}
func (checkout) IsEffect()         {}
func (checkinAll) IsEffect()       {}
func (closeSession) IsEffect()     {}
func (wakeAt) IsEffect()           {}
func (beatEvery) IsEffect()        {}
func (holdBeats) IsEffect()        {}
func (identify) IsEffect()         {}
func (otherServerFound) IsEffect() {}
func (forward) IsEffect()          {}
func (drained) IsEffect()          {}
func (warn) IsEffect()             {}
func (answer) IsEffect()           {}
