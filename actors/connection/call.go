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
	cut        bool             // this connection closed the session: that there is no answer says nothing of the server
}

// cutShort notes that this connection closed the session. The call then ends without an answer, counts for nothing, and is
// sent again.
func (c *call) cutShort() { c.cut = true }

// over reports whether the call has had all of its time.
func (c *call) over(now protocol.Instant) bool { return !now.Before(c.until) }

// newCall returns what a call keeps that is sent now and may take so long.
func newCall(now protocol.Instant, over transport.Session, generation uint64, timeout time.Duration) call {
	return call{session: over, generation: generation, began: now, until: now.After(timeout)}
}
