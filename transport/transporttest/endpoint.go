package transporttest

import (
	"sync/atomic"

	"github.com/seatbeat/seatbeat/transport"
)

// endpoint is an address of the network. A call goes to the server that has the address when the call is made, so that
// a session survives whatever happens to the server, like a session that reconnects by itself. It is safe for
// concurrent use.
type endpoint struct {
	address transport.Address
	server  atomic.Pointer[Server]
	cut     atomic.Bool
	cuts    atomic.Uint64 // how often it was cut: another number means that what was under way is lost
}

// move gives the address to a server.
func (e *endpoint) move(server *Server) { e.server.Store(server) }

// disconnect makes the address unreachable. What is under way is lost.
func (e *endpoint) disconnect() {
	e.cut.Store(true)
	e.cuts.Add(1)
	s := e.server.Load()
	s.update(s.process.wake)
}

// reconnect makes the address reachable again.
func (e *endpoint) reconnect() { e.cut.Store(false) }

// reachable reports whether calls reach the address, and how often it was cut so far. The count is read first: when
// disconnect comes in between and its cut is missed, its count shows later that the call was lost.
func (e *endpoint) reachable() (cuts uint64, ok bool) {
	cuts = e.cuts.Load()
	return cuts, !e.cut.Load()
}
