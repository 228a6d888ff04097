package supervisor

import (
	"sync"

	"github.com/seatbeat/seatbeat/messages"
)

// events returns a channel with room for buffer events, which a goroutine fills from the queue of a new subscriber, and a
// function that ends it. The channel is closed after that, or when the hub was closed and the reader has read what was
// left; a reader who no longer reads then gets no more than what is in the channel. buffer is at least 0 and at most
// eventBound. The function does not block and may be called more than once.
func (h *hub) events(buffer int) (<-chan messages.Event, func()) {
	events := make(chan messages.Event, min(max(buffer, 0), eventBound))
	gone := make(chan struct{}) // closed when nobody reads any more
	s := newSubscriber(h, func(e messages.Event) {
		select {
		case events <- e:
		case <-gone:
		}
	})
	s.ended = func() { close(events) }
	s.giveUp = sync.OnceFunc(func() {
		s.discard()
		close(gone)
	})
	h.add(s)
	return events, s.giveUp
}
