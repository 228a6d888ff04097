package supervisor

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

const (
	// eventBound is how many events that are not terminal wait for one subscriber at most.
	eventBound = 16_384
	// callbackGrace is how long wait puts up with host code that does not come back.
	callbackGrace = 100 * time.Millisecond
)

// hub tells host code of events. It stands outside the tree of actors: publish never blocks, and nothing that a
// subscriber does, or leaves undone, reaches the publisher or another subscriber. It is safe for concurrent use.
type hub struct {
	report    func(reason any) // told of each panic of host code, on the goroutine that panicked
	bound     int              // of the subscribers' queues
	delivered atomic.Uint64    // events that subscribers are done with: grows while they get on
	dropped   atomic.Int64     // events that subscribers missed
	done      chan struct{}    // closed when the hub is closed and the last subscriber's goroutine ends

	mu          sync.RWMutex // guards the fields below
	subscribers []*subscriber
	closed      bool
}

// newHub returns a hub without subscribers. report is called with the reason of each panic of host code, on several
// goroutines; it may be host code itself, such as the handler of a logger.
func newHub(report func(reason any)) *hub {
	return &hub{report: report, bound: eventBound, done: make(chan struct{})}
}

// publish queues the event for each subscriber. The events of one goroutine keep their order. It does not block; after
// close it does nothing.
func (h *hub) publish(e messages.Event) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range h.subscribers {
		s.post(e)
	}
}

// subscribe makes a goroutine call the callback with each event published from now on, until the hub is closed.
func (h *hub) subscribe(callback func(messages.Event)) { h.add(newSubscriber(h, callback)) }

func (h *hub) add(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		s.ended()
		return
	}
	h.subscribers = append(h.subscribers, s)
	go s.run()
}

// remove is the last thing that a subscriber's goroutine does.
func (h *hub) remove(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribers = slices.DeleteFunc(h.subscribers, func(other *subscriber) bool { return other == s })
	h.closeDone()
}

// close ends the hub: what is queued is still delivered, then the goroutines end. It does not wait for that.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, s := range h.subscribers {
		s.close()
	}
	h.closeDone()
}

func (h *hub) closeDone() {
	if h.closed && len(h.subscribers) == 0 {
		close(h.done)
	}
}

// wait returns true when, after close, everything was delivered: from then on no host code is called.
//
// It returns false when no subscriber got on for callbackGrace, or ctx ended. (Both are looked at every callbackGrace, so
// that an ended ctx still leaves quick callbacks their time.) The caller may be one of the callbacks, which then waits
// for itself, or a callback may hang for ever: nobody can tell the two apart, and neither may hold up the end of the
// runtime. Channels are then closed, since a goroutine that waits for a reader would be left behind; callbacks get what
// is left as soon as they come back.
func (h *hub) wait(ctx context.Context) bool {
	patience := time.NewTicker(callbackGrace)
	defer patience.Stop()
	for before := h.delivered.Load(); ; {
		select {
		case <-h.done:
			return true
		case <-patience.C:
		}
		now := h.delivered.Load()
		if now == before || ctx.Err() != nil {
			h.giveUp()
			return false
		}
		before = now
	}
}

// giveUp ends the subscribers that are channels.
func (h *hub) giveUp() {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range h.subscribers {
		if s.giveUp != nil {
			s.giveUp()
		}
	}
}

// reportPanic tells of a panic of host code. When the report panics too there is nobody left to tell.
func (h *hub) reportPanic(reason any) {
	defer func() { _ = recover() }()
	h.report(reason)
}
