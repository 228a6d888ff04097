package eventbus

import (
	"github.com/seatbeat/seatbeat/internal/fifo"
	"github.com/seatbeat/seatbeat/messages"
)

// queue holds the events that one subscriber has not received yet. At most bound of them may be dropped: when there are
// more, the oldest is dropped and EventsDropped takes its place. Terminal events are never dropped and not counted; the
// queue grows for them. It is not safe for concurrent use.
//
// The queue has three parts, from old to new: kept, the report of dropped, recent.
type queue struct {
	bound int

	kept      fifo.Queue[messages.Event] // terminal events that stood before a dropped one, and the reports between them
	dropped   int                        // events dropped after kept and not reported yet
	recent    fifo.Queue[messages.Event] // all events published since the last dropped one
	droppable int                        // events in recent that are not terminal
}

// push appends an event. It reports whether an older event was dropped for it.
func (q *queue) push(e messages.Event) (dropped bool) {
	q.recent.Push(e)
	if messages.Terminal(e) {
		return false
	}
	q.droppable++
	if q.droppable <= q.bound {
		return false
	}
	q.drop()
	return true
}

// drop removes the oldest event that is not terminal, of which recent has at least one.
func (q *queue) drop() {
	e, _ := q.recent.Pop()
	for messages.Terminal(e) {
		q.keep(e)
		e, _ = q.recent.Pop()
	}
	q.droppable--
	q.dropped++
}

// keep moves a terminal event to kept, after the report of the events dropped before it.
func (q *queue) keep(e messages.Event) {
	if q.dropped > 0 {
		q.kept.Push(messages.EventsDropped{Number: q.dropped})
		q.dropped = 0
	}
	q.kept.Push(e)
}

// pop removes the oldest event; ok is false when the queue is empty.
func (q *queue) pop() (e messages.Event, ok bool) {
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
