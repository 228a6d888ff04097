package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// call is what every call keeps until it is answered: the session that it was sent over, and the generation of the server
// then.
type call struct {
	session    transport.Session
	generation uint64
	began      protocol.Instant // when it was sent
	until      protocol.Instant // when its time is over
	patience   time.Duration    // for an answer, until the session is doubted; 0: it never is
	cut        bool             // this connection closed the session: that there is no answer says nothing of the server
}

// cutShort notes that this connection closed the session. The call then ends without an answer, counts for nothing, and is
// sent again.
func (c *call) cutShort() { c.cut = true }

// over reports whether the call has had all of its time.
func (c *call) over(now protocol.Instant) bool { return !now.Before(c.until) }

// leastPatience is the shortest time without an answer after which a session is doubted.
const leastPatience = time.Second

// patience is how long a call that may take so long waits for its answer before the session is doubted: a third of its
// time, so that what is left is enough for a connect and for the call to be sent again.
func patience(timeout time.Duration) time.Duration {
	if p := max(timeout/3, leastPatience); p < timeout {
		return p
	}
	return 0
}

// doubtAt returns when the session is doubted because of this call; zero: never. heard is when the session was last
// answered: one that was answered after the call was sent is alive, and the call is only slow.
func (c *call) doubtAt(heard protocol.Instant) protocol.Instant {
	if c.patience == 0 || c.began.Before(heard) {
		return protocol.Instant{}
	}
	return c.began.After(c.patience)
}
