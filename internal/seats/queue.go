package seats

import (
	"container/list"
	"time"
)

// queue is the takes that wait for seats of one pool, first come, first served.
type queue struct {
	waiters list.List // of *waiter
	dirty   bool      // the queue is to be served
	review  bool      // served as a whole: a share group may hold seats that later waiters share
}

func (q *queue) len() int { return q.waiters.Len() }

// first returns the first waiter, nil when the queue is empty.
func (q *queue) first() *waiter {
	if e := q.waiters.Front(); e != nil {
		return e.Value.(*waiter)
	}
	return nil
}

// all goes through the waiters. The current waiter may be removed meanwhile.
func (q *queue) all(yield func(*waiter) bool) {
	for e := q.waiters.Front(); e != nil; {
		w := e.Value.(*waiter)
		e = e.Next()
		if !yield(w) {
			return
		}
	}
}

func (q *queue) push(w *waiter) { w.pushed(q.waiters.PushBack(w)) }

func (q *queue) remove(w *waiter) { q.waiters.Remove(w.at) }

// markDirty notes that the queue is to be served, and reports whether that is news.
func (q *queue) markDirty() bool {
	if q.len() == 0 || q.dirty {
		return false
	}
	q.dirty = true
	return true
}

// markServed notes that the queue is being served.
func (q *queue) markServed() { q.dirty = false }

// reviewAll has the next round look at all waiters, not only at the first.
func (q *queue) reviewAll() { q.review = true }

// reviewed notes that all waiters were looked at.
func (q *queue) reviewed() { q.review = false }

// waiter is a take in a queue. It keeps its position for a while when no call is blocked on it: the client then repeats
// its request.
type waiter struct {
	client *Client
	take   Take
	pool   uint32
	at     *list.Element // of the queue of the pool
	call   *BlockedCall  // nil while no call is blocked on it
	left   time.Duration // since when there is no call
}

func (w *waiter) pushed(at *list.Element) { w.at = at }

// attach has a call wait for the decision.
func (w *waiter) attach(call *BlockedCall) { w.call = call }

// detach returns the call that waits for the decision, if any, which then waits no longer.
func (w *waiter) detach() *BlockedCall {
	call := w.call
	w.call = nil
	return call
}

// detached notes since when the waiter has no call.
func (w *waiter) detached(now time.Duration) { w.left = now }

// expired reports whether the waiter has had no call for longer than it keeps its position.
func (w *waiter) expired(now, kept time.Duration) bool { return w.call == nil && now-w.left >= kept }
