package transporttest

import "github.com/seatbeat/seatbeat/transport"

// blockedCall is a call whose take is in a queue. It is answered once, when the take is decided or the call is detached
// from it.
type blockedCall struct {
	session uint64
	until   int64                          // when the Wait of the take is over
	arrival chan answer                    // where the caller waits; has room for the answer
	reply   func(transport.Outcome) answer // makes a reply, with the identity at the time of the answer
}

// answer answers the call. The server is locked.
func (c *blockedCall) answer(o transport.Outcome) { c.arrival <- c.reply(o) }

// fail ends the call without a reply.
func (c *blockedCall) fail(err error) { c.arrival <- answer{err: err} }
