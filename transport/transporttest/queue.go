package transporttest

import (
	"slices"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// queue is the takes that wait for seats of one pool, first come, first served.
type queue struct{ waiters []*waiter }

func (q *queue) len() int { return len(q.waiters) }

// join adds a waiter at the end.
func (q *queue) join(w *waiter) { q.waiters = append(q.waiters, w) }

// leave removes the waiter of a request, if there is one, and answers its call.
func (q *queue) leave(client uint32, request messages.RequestID, o transport.Outcome) {
	q.waiters = slices.DeleteFunc(q.waiters, func(w *waiter) bool {
		if !w.is(client, request) {
			return false
		}
		w.answer(o)
		return true
	})
}

// clear removes all waiters without an answer.
func (q *queue) clear() { q.waiters = nil }

// serve removes waiters from the front as long as decide has an answer for them, and answers their calls.
func (q *queue) serve(decide func(*waiter) (o transport.Outcome, decided bool)) {
	for len(q.waiters) > 0 {
		first := q.waiters[0]
		o, decided := decide(first)
		if !decided {
			return
		}
		first.answer(o)
		q.waiters = q.waiters[1:]
	}
}

// dropAbandoned removes waiters that have lost their place. A place is kept for kept after its last call.
func (q *queue) dropAbandoned(now, kept int64) {
	q.waiters = slices.DeleteFunc(q.waiters, func(w *waiter) bool { return w.abandoned(now, kept) })
}

// expire answers calls whose Wait is over. It returns when the next Wait is over or the next place is lost, 0 when the
// queue is empty.
func (q *queue) expire(now, kept int64) (next int64) {
	for _, w := range q.waiters {
		w.expire(now)
		next = earlier(next, w.nextExpiry(kept))
	}
	return next
}

// earlier returns the earlier of two times, of which the first may be 0 and means none.
func earlier(a, b int64) int64 {
	if a == 0 || b < a {
		return b
	}
	return a
}
