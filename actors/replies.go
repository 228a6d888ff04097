package actors

import (
	"sync"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// errRestarted answers calls of the application whose answer may have been lost with a panic.
const errRestarted = protocol.TransportError("an actor was restarted")

// replies lists the replies that calls of the application wait for. A panic may lose any of these replies. So each
// panic answers all of them, and no call waits for ever.
type replies struct {
	mu   sync.Mutex // guards the field below
	open map[*protocol.Reply]struct{}
}

// new returns a reply and remembers it: until drop, answerAll answers it after a panic of any actor.
func (r *replies) new() *protocol.Reply {
	reply := protocol.NewReply()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = make(map[*protocol.Reply]struct{})
	}
	r.open[reply] = struct{}{}
	return reply
}

// drop forgets a reply that no call waits for any more.
func (r *replies) drop(reply *protocol.Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, reply)
}

// answerAll answers every reply that has no answer yet.
func (r *replies) answerAll(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for reply := range r.open {
		reply.Answer(err)
	}
}
