package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Calls to the server. Each is performed outside the machine, under a deadline, and its result comes back as the input
// of the same seq.
type (
	// connect reaches the server at the first address that leads to it. The result is Connected.
	connect struct {
		seq       uint64
		addresses []messages.Address
		serverID  string        // whom to look for; empty: whoever answers
		timeout   time.Duration // for each address
	}
	// sendBeat names all leases. The result is BeatAnswered.
	sendBeat struct {
		seq     uint64
		session transport.Session
		leases  []messages.LeaseID
		timeout time.Duration
	}
	// checkout sends takes. The result is TakesAnswered.
	checkout struct {
		seq     uint64
		session transport.Session
		takes   []transport.Take
		timeout time.Duration
	}
	// checkinAll sends returns. The result is ReturnsAnswered.
	checkinAll struct {
		seq     uint64
		session transport.Session
		returns []transport.Return
		timeout time.Duration
	}
	// closeSession closes a session that is no longer used. It has no result.
	closeSession struct{ session transport.Session }
)

// Results of calls.
type (
	connected struct {
		Message
		seq           uint64
		address       messages.Address
		session       transport.Session // nil: err says why
		hello         transport.Hello
		otherSessions []dialled // sessions to other servers, which answered at this server's addresses
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

// chunkAnswer answers one chunk of a beat: count leases, from the position from on.
type chunkAnswer struct {
	from  int
	count int
	reply transport.HeartbeatReply
	err   error
}

// Orders to the heartbeat timer.
type (
	// beatEvery sets the interval; zero stops the timer.
	beatEvery struct{ interval time.Duration }
	// holdBeats asks for no beat before the pause has passed.
	holdBeats struct{ pause time.Duration }
)

func (connect) IsEffect()      {}
func (sendBeat) IsEffect()     {}
func (checkout) IsEffect()     {}
func (checkinAll) IsEffect()   {}
func (closeSession) IsEffect() {}
func (beatEvery) IsEffect()    {}
func (holdBeats) IsEffect()    {}
