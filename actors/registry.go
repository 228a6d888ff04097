package actors

import (
	"sync"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// registry lists the features that have not ended. Its slots are used again.
type registry struct {
	mu      sync.Mutex
	slots   []*Feature // nil: free
	free    []int32
	closed  bool
	last    uint64        // the latest claim ID
	drained chan struct{} // closed when the registry is closed and empty
}

// add enters a feature and gives it its number. It fails with ErrClosed once the registry is closed.
func (r *registry) add(f *Feature) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return messages.ErrClosed
	}
	r.last++
	f.SetID(r.last)
	if n := len(r.free); n > 0 {
		f.place, r.free = r.free[n-1], r.free[:n-1]
		r.slots[f.place] = f
		return nil
	}
	f.place = int32(len(r.slots))
	r.slots = append(r.slots, f)
	return nil
}

// remove takes out a feature that ended.
func (r *registry) remove(f *Feature) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.place < 0 {
		return
	}
	r.slots[f.place] = nil
	r.free = append(r.free, f.place)
	f.place = -1
	r.tellDrained()
}

// close lets no feature in any more and returns those that are left, and a channel that is closed when none is.
func (r *registry) close() ([]*Feature, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.drained = make(chan struct{})
		r.tellDrained()
	}
	return r.listed(), r.drained
}

func (r *registry) tellDrained() {
	if r.closed && len(r.free) == len(r.slots) {
		select {
		case <-r.drained:
		default:
			close(r.drained)
		}
	}
}

// list returns the features that have not ended.
func (r *registry) list() []*Feature {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed()
}

func (r *registry) listed() []*Feature {
	list := make([]*Feature, 0, len(r.slots)-len(r.free))
	for _, f := range r.slots {
		if f != nil {
			list = append(list, f)
		}
	}
	return list
}

// states counts the features by state.
func (r *registry) states() [messages.States]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n [messages.States]int
	for _, f := range r.slots {
		if f != nil {
			n[f.State()]++
		}
	}
	return n
}

// linkList lists the connections, for Status.
type connectionList struct {
	mu  sync.Mutex
	all []*protocol.ConnectionRef
}

func (l *connectionList) add(link *protocol.ConnectionRef) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, link)
}

func (l *connectionList) list() []*protocol.ConnectionRef {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*protocol.ConnectionRef(nil), l.all...)
}

// errRestarted answers calls whose answer may have been lost with a panic.
const errRestarted = protocol.TransportError("an actor was restarted")

// callSet knows the calls of the application that wait for an actor. A panic may take the answer of any of them along, so
// that it ends them all: none waits for ever.
type replySet struct {
	mu      sync.Mutex
	waiting map[*protocol.Reply]struct{}
}

// open returns the promise of a new call.
func (s *replySet) open() *protocol.Reply {
	c := protocol.NewReply()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(map[*protocol.Reply]struct{})
	}
	s.waiting[c] = struct{}{}
	return c
}

// close forgets a call that waits no longer.
func (s *replySet) close(c *protocol.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c)
}

// answerAll answers every call that has no answer yet.
func (s *replySet) answerAll(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.waiting {
		c.Answer(err)
	}
}

// sessionSet knows the sessions that are open, so that none outlives the runtime, even one that was still on its way to
// its connection.
type sessionSet struct {
	mu   sync.Mutex
	open map[transport.Session]struct{}
}

func (s *sessionSet) add(session transport.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[transport.Session]struct{})
	}
	s.open[session] = struct{}{}
}

// take removes a session and reports whether it was open.
func (s *sessionSet) take(session transport.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[session]
	delete(s.open, session)
	return ok
}

// drain removes and returns all.
func (s *sessionSet) drain() []transport.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []transport.Session
	for session := range s.open {
		all = append(all, session)
	}
	s.open = nil
	return all
}
