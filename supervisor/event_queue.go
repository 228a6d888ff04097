package supervisor

import (
	"sync/atomic"

	"github.com/seatbeat/seatbeat/internal/fifo"
	"github.com/seatbeat/seatbeat/messages"
)

// eventQueue is what one subscriber has yet to be told. It holds at most bound events that may be dropped; when there
// are more, the oldest of them goes, and an EventsDropped stands in its place. Terminal events are never dropped and
// don't count: the queue grows for them. It is not safe for concurrent use.
type eventQueue struct {
	bound int
	total *atomic.Int64 // counts what is dropped, for the metrics; may be nil

	// The queue has three parts, from old to new.
	kept    fifo.Queue[messages.Event] // terminal events that were in front of a dropped one, and what was dropped between them
	dropped int                        // number of events dropped behind kept
	recent  fifo.Queue[messages.Event] // all events published since the last dropped one

	droppable int // events in recent that are not terminal
}

// push appends an event.
func (q *eventQueue) push(e messages.Event) {
	q.recent.Push(e)
	if messages.Terminal(e) {
		return
	}
	q.droppable++
	if q.droppable > q.bound {
		q.drop()
	}
}

// drop takes the oldest event out that is not terminal. There is one.
func (q *eventQueue) drop() {
	e, _ := q.recent.Pop()
	for messages.Terminal(e) {
		q.keep(e)
		e, _ = q.recent.Pop()
	}
	q.droppable--
	q.dropped++
	if q.total != nil {
		q.total.Add(1)
	}
}

// keep moves a terminal event to kept, behind the report of what was dropped before it.
func (q *eventQueue) keep(e messages.Event) {
	if q.dropped > 0 {
		q.kept.Push(messages.EventsDropped{Number: q.dropped})
		q.dropped = 0
	}
	q.kept.Push(e)
}

// pop takes the oldest event; ok is false when there is none.
func (q *eventQueue) pop() (e messages.Event, ok bool) {
	if e, ok = q.kept.Pop(); ok {
		return e, true
	}
	if q.dropped > 0 {
		e, q.dropped = messages.EventsDropped{Number: q.dropped}, 0
		return e, true
	}
	if e, ok = q.recent.Pop(); ok && !messages.Terminal(e) {
		q.droppable--
	}
	return e, ok
}
