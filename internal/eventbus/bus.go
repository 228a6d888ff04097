// Package eventbus delivers the events of a runtime to host code: callbacks, channels, the log and the host's event stream.
//
// The bus stands outside the tree of actors. Publish never blocks, and each subscriber has a queue and a goroutine of its
// own, so that a subscriber that is slow, hangs, panics or calls runtime.Goexit disturbs neither the publisher nor another
// subscriber (docs/rules.md, section 4).
package eventbus

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

const (
	// QueueBound is how many events may wait for one subscriber. Terminal events are not counted.
	QueueBound = 16_384
	// Grace is how long Wait tolerates that no subscriber finishes an event.
	Grace = 100 * time.Millisecond
)

// Bus delivers published events to its subscribers. Make one with New and end it with Close. It is safe for concurrent use.
type Bus struct {
	onPanic   func(reason any)
	delivered atomic.Uint64 // events that subscribers have finished; Wait sees by it whether they make progress
	dropped   atomic.Int64  // events that slow subscribers missed
	done      chan struct{} // closed when the bus is closed and the last subscriber's goroutine has ended

	mu          sync.RWMutex // guards the fields below
	subscribers []*subscriber
	closed      bool
}

// New returns a bus without subscribers. When a subscriber panics, onPanic is called with the reason of the panic, on the
// goroutine of that subscriber. Several goroutines may call onPanic at once. It may be host code too, such as the handler
// of a logger: a panic in it is discarded.
func New(onPanic func(reason any)) *Bus {
	return &Bus{onPanic: onPanic, done: make(chan struct{})}
}

// Publish queues the event for each subscriber and does not block. Events that one goroutine publishes keep their order.
// After Close it does nothing.
func (b *Bus) Publish(e messages.Event) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range b.subscribers {
		s.post(e)
	}
}

// Subscribe calls the callback with each event published from now on, in order and one at a time, on a goroutine of its
// own that ends after Close. At most bound events that are not terminal wait for the callback: when there are more, the
// oldest of them is dropped and messages.EventsDropped takes its place. On a closed bus Subscribe does nothing.
func (b *Bus) Subscribe(bound int, callback func(messages.Event)) {
	b.add(newSubscriber(b, bound, callback, func() {}))
}

// Events returns a channel with room for buffer events, which a goroutine fills from a queue of QueueBound events, and a
// function that ends the delivery. A buffer below 0 is taken as 0, one above QueueBound as QueueBound.
//
// The channel is closed when that function was called, or when the bus was closed and the reader has read all events. If
// the reader stops reading, Wait ends the delivery, and only the events in the channel are left to read. The function
// does not block and may be called more than once.
func (b *Bus) Events(buffer int) (<-chan messages.Event, func()) {
	s, events := newChannel(b, QueueBound, buffer)
	b.add(s)
	return events, s.abandon
}

// Dropped returns how many events slow subscribers have missed.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }

func (b *Bus) add(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.onEnd()
		return
	}
	b.subscribers = append(b.subscribers, s)
	go s.run()
}

// remove forgets a subscriber. It is the last call of the subscriber's goroutine.
func (b *Bus) remove(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = slices.DeleteFunc(b.subscribers, func(other *subscriber) bool { return other == s })
	b.closeDone()
}

// Close ends the bus without waiting: subscribers still get the events in their queues, then their goroutines end. It may
// be called more than once.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	for _, s := range b.subscribers {
		s.close()
	}
	b.closeDone()
}

func (b *Bus) closeDone() {
	if b.closed && len(b.subscribers) == 0 {
		close(b.done)
	}
}

// Wait blocks after Close until every event was delivered, and then returns true: no host code is called any more.
//
// It returns false when no subscriber finished an event for Grace, or when ctx has ended. It checks both once per Grace,
// so that even with an ended ctx quick callbacks get their time. A subscriber makes no progress when it hangs, or when it
// is the caller of Wait and so waits for itself; the bus cannot tell which, and neither may delay the end of the runtime.
// Before it returns false, Wait ends the delivery to channels, because a goroutine that waits for a reader would leak.
// Callbacks get their remaining events when they return.
func (b *Bus) Wait(ctx context.Context) bool {
	ticker := time.NewTicker(Grace)
	defer ticker.Stop()
	for before := b.delivered.Load(); ; {
		select {
		case <-b.done:
			return true
		case <-ticker.C:
		}
		now := b.delivered.Load()
		if now == before || ctx.Err() != nil {
			b.abandonChannels()
			return false
		}
		before = now
	}
}

// abandonChannels ends the delivery to channels whose readers no longer read.
func (b *Bus) abandonChannels() {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range b.subscribers {
		if s.isChannel() {
			s.abandon()
		}
	}
}

// countDelivered is called by subscribers for each event that they have finished.
func (b *Bus) countDelivered() { b.delivered.Add(1) }

// countDropped is called by subscribers for each event that they drop.
func (b *Bus) countDropped() { b.dropped.Add(1) }

// reportPanic reports a panic of host code. A panic of the report itself is discarded.
func (b *Bus) reportPanic(reason any) {
	defer func() { _ = recover() }()
	b.onPanic(reason)
}
