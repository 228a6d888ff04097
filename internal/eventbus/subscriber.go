package eventbus

import (
	"sync"

	"github.com/seatbeat/seatbeat/messages"
)

// subscriber delivers events to host code, in order and one at a time, from a queue and a goroutine of its own.
type subscriber struct {
	bus     *Bus
	deliver func(messages.Event) // host code, or the send to a channel
	onEnd   func()               // called after the last event, before the goroutine ends
	unread  chan struct{}        // of a channel: closed when its reader has stopped reading; nil for a callback

	mu     sync.Mutex // guards the fields below
	queue  queue
	closed bool      // nothing is queued any more, and the goroutine ends when the queue is empty
	wake   sync.Cond // on mu: signalled when an event was queued or closed was set
}

// newSubscriber returns a subscriber that calls deliver with each event.
func newSubscriber(b *Bus, bound int, deliver func(messages.Event), onEnd func()) *subscriber {
	s := &subscriber{bus: b, deliver: deliver, onEnd: onEnd, queue: queue{bound: bound}}
	s.wake.L = &s.mu
	return s
}

// isChannel reports whether the events go to a channel.
func (s *subscriber) isChannel() bool { return s.unread != nil }

// post queues an event without blocking. After close it does nothing.
func (s *subscriber) post(e messages.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if dropped := s.queue.push(e); dropped {
		s.bus.countDropped()
	}
	s.wake.Signal() // costs next to nothing while the goroutine is awake
}

// close lets the goroutine end after it has delivered the queued events.
func (s *subscriber) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake.Signal()
}

// abandon ends the delivery to a channel without delivering the queued events. It may be called from any goroutine and
// more than once.
func (s *subscriber) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.unread:
		return
	default:
	}
	s.closed = true
	s.queue = queue{}
	close(s.unread)
	s.wake.Signal()
}

// run is the subscriber's goroutine. When the callback calls runtime.Goexit, another goroutine continues after the event
// at which it did.
func (s *subscriber) run() {
	finished := false
	defer func() {
		if !finished {
			go s.run()
			return
		}
		s.onEnd()
		s.bus.remove(s)
	}()
	for e, ok := s.next(); ok; e, ok = s.next() {
		s.handle(e)
	}
	finished = true
}

// next blocks until there is an event. It returns false when there will be no more.
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

// handle delivers one event and reports the panic of host code.
func (s *subscriber) handle(e messages.Event) {
	defer s.bus.countDelivered()
	defer func() {
		if reason := recover(); reason != nil {
			s.bus.reportPanic(reason)
		}
	}()
	s.deliver(e)
}
