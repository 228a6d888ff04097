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
		quiet
		feature *Feature
		takeSeat
	}
	leaveOrder struct {
		quiet
		feature *Feature
		leave
	}
	beatOrder struct {
		quiet
		feature *Feature
		call    *promise
	}
	drain struct{ quiet }

	// adopted: this is the connection of its server.
	adopted struct {
		quiet
		found found
	}
	// mergeInto: the server has a connection already.
	mergeInto struct {
		quiet
		link *Link
	}
	// handover: another connection found this server at an address.
	handover struct {
		quiet
		found found
	}
	// replacedBy: the address of this connection leads to another server now.
	replacedBy struct {
		quiet
		link *Link
	}

	// inherited: these features come from a connection whose server is gone, with the age of their last lease there and
	// all that they had or asked for.
	inherited struct {
		quiet
		features []*Feature
		renewed  []*instant
		owed     []debt
	}

	// beatDue: the heartbeat actor says that a beat is due.
	beatDue struct{ quiet }
	wakeUp  struct{ quiet }

	connected struct {
		quiet
		seq       uint64
		address   messages.Address
		session   transport.Session // nil: err says why
		hello     transport.Hello
		strangers []found // sessions to other servers, found at this server's addresses
		err       error
	}
	beatAnswered struct {
		quiet
		seq    uint64
		chunks []chunkAnswer
	}
	takesAnswered struct {
		quiet
		seq   uint64
		reply transport.CheckoutReply
		err   error
	}
	returnsAnswered struct {
		quiet
		seq   uint64
		reply transport.CheckinReply
		err   error
	}
)

// found is a session that was opened, and to whom.
type found struct {
	address messages.Address
	session transport.Session // nil: it was given away before
	hello   transport.Hello
	owed    []debt // requests that this server may have executed in another one's name
	moves   int    // how often the server at this address changed before, see slowDown
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
		in input
	}
	tellAll struct {
		to []*Feature
		in input
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
	wakeAt struct{ at instant }
	// beatEvery paces the heartbeat actor; zero stops it.
	beatEvery struct{ interval time.Duration }
	// holdBeats asks for no beat before that.
	holdBeats struct{ pause time.Duration }
	// identify asks the runtime whether the server has a connection already.
	identify struct {
		link  *Link
		found found
	}
	// strangerFound gives the runtime a session to another server, found at this one's address. With move the features
	// follow: the runtime answers replacedBy.
	strangerFound struct {
		link  *Link
		found found
		move  bool
	}
	// forward passes an input on to another connection.
	forward struct {
		to *Link
		in any
	}
	drained struct{ link *Link }
	// warn is for the operator's log.
	warn struct {
		text string
		args []any
	}
	// reply answers a call of the application.
	reply struct {
		call *promise
		err  error
	}
)

func (tell) isEffect()          {}
func (tellAll) isEffect()       {}
func (connect) isEffect()       {}
func (sendBeat) isEffect()      {}
func (checkout) isEffect()      {}
func (checkinAll) isEffect()    {}
func (closeSession) isEffect()  {}
func (wakeAt) isEffect()        {}
func (beatEvery) isEffect()     {}
func (holdBeats) isEffect()     {}
func (identify) isEffect()      {}
func (strangerFound) isEffect() {}
func (forward) isEffect()       {}
func (drained) isEffect()       {}
func (warn) isEffect()          {}
func (reply) isEffect()         {}
