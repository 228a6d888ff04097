package seats

import (
	"container/list"
	"time"
)

// queue is the takes that wait for seats of one pool, first come, first served.
type queue struct {
	waiters list.List // of *waiter
	dirty   bool      // the queue is to be served
	review  bool      // look at every waiter, not only at the first: a later waiter may share seats that its group holds
}

func (q *queue) len() int { return q.waiters.Len() }

// first returns the first waiter, nil when the queue is empty.
func (q *queue) first() *waiter {
	if e := q.waiters.Front(); e != nil {
		return e.Value.(*waiter)
	}
	return nil
}

// all yields the waiters. The loop may remove the current waiter.
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

// markDirty marks the queue to be served, and reports whether it was not marked before.
func (q *queue) markDirty() bool {
	if q.len() == 0 || q.dirty {
		return false
	}
	q.dirty = true
	return true
}

// markServed notes that the queue is being served.
func (q *queue) markServed() { q.dirty = false }

// reviewAll makes the next round look at all waiters, not only at the first.
func (q *queue) reviewAll() { q.review = true }

// reviewed notes that all waiters were looked at.
func (q *queue) reviewed() { q.review = false }

// waiter is a take in a queue. When no call is blocked on the take, it keeps its position for a while, so that the
// client can repeat its request.
type waiter struct {
	client *Client
	take   Take
	pool   uint32
	at     *list.Element // of the queue of the pool
	call   *BlockedCall  // nil while no call is blocked on it
	left   time.Duration // since when there is no call
}

func (w *waiter) pushed(at *list.Element) { w.at = at }

// attach makes a call wait for the decision.
func (w *waiter) attach(call *BlockedCall) { w.call = call }

// detach removes and returns the call that waits for the decision, if any.
func (w *waiter) detach() *BlockedCall {
	call := w.call
	w.call = nil
	return call
}

// detached notes since when the waiter has no call.
func (w *waiter) detached(now time.Duration) { w.left = now }

// expired reports whether the waiter has had no call for longer than it keeps its position.
func (w *waiter) expired(now, kept time.Duration) bool { return w.call == nil && now-w.left >= kept }
