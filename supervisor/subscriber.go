package supervisor

import (
	"sync"

	"github.com/seatbeat/seatbeat/messages"
)

// subscriber is host code that wants to be told of events, behind a queue and a goroutine of its own: it is told in
// order and one at a time, and may be slow, hang, panic or call runtime.Goexit without anybody else noticing.
type subscriber struct {
	hub      *hub
	callback func(messages.Event)
	ended    func() // called when the last event was handled, before the goroutine ends
	giveUp   func() // nil, or ends it though events are left; may be called from any goroutine, again and again

	mu     sync.Mutex // guards the fields below
	queue  eventQueue
	closed bool      // nothing is queued any more; the goroutine ends when the queue is empty
	wake   sync.Cond // of mu: the queue is no longer empty, or closed was set
}

func newSubscriber(h *hub, callback func(messages.Event)) *subscriber {
	s := &subscriber{hub: h, callback: callback, ended: func() {}, queue: eventQueue{bound: h.bound, total: &h.dropped}}
	s.wake.L = &s.mu
	return s
}

// post queues an event. It does not block; after close it does nothing.
func (s *subscriber) post(e messages.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.queue.push(e)
	s.wake.Signal() // costs next to nothing while the goroutine is awake
}

// close lets the goroutine end once it has delivered what is queued.
func (s *subscriber) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake.Signal()
}

// discard closes the subscriber and forgets what is queued.
func (s *subscriber) discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.queue = eventQueue{}
	s.wake.Signal()
}

// run is the subscriber's goroutine.
func (s *subscriber) run() {
	finished := false
	defer func() {
		if !finished {
			go s.run() // the callback called runtime.Goexit: another goroutine goes on behind that event
			return
		}
		s.ended()
		s.hub.remove(s)
	}()
	for e, ok := s.next(); ok; e, ok = s.next() {
		s.deliver(e)
	}
	finished = true
}

// next waits for an event. It returns false when there will be none.
func (s *subscriber) next() (messages.Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if e, ok := s.queue.pop(); ok || s.closed {
			return e, ok
		}
		s.wake.Wait()
	}
}

// deliver calls host code, and reports its panic.
func (s *subscriber) deliver(e messages.Event) {
	defer s.hub.delivered.Add(1)
	defer func() {
		if reason := recover(); reason != nil {
			s.hub.reportPanic(reason)
		}
	}()
	s.callback(e)
}
