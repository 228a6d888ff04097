package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// retryQueued is the RetryAfter of a take whose Wait is over and which keeps its place in the queue.
const retryQueued = time.Millisecond

// waiter is a take in the queue of its pool.
type waiter struct {
	client uint32
	take   transport.Take
	call   *blockedCall // nil while no call waits for the take
	left   int64        // when the last call ended; valid while call is nil
}

// asked returns the take. The caller must not change it.
func (w *waiter) asked() *transport.Take { return &w.take }

// is reports whether the waiter is that of a request.
func (w *waiter) is(client uint32, request messages.RequestID) bool {
	return w.client == client && w.take.Request == request
}

// attach makes a call wait for the take. The earlier call of the take, if one waits, is superseded.
func (w *waiter) attach(call *blockedCall, now int64) {
	w.detach(ErrSuperseded, now)
	w.call = call
}

// detach ends the call of the take, if one waits, with an error. The place in the queue is kept for a while.
func (w *waiter) detach(err error, now int64) {
	if w.call != nil {
		w.call.fail(err)
		w.call, w.left = nil, now
	}
}

// answer answers the call of the take, if one waits. The caller removes the waiter from the queue.
func (w *waiter) answer(o transport.Outcome) {
	if w.call != nil {
		w.call.answer(o)
	}
}

// expire answers the call of the take when its Wait is over: it is to be repeated.
func (w *waiter) expire(now int64) {
	if w.call != nil && w.call.until <= now {
		queued := refused(&w.take, messages.NoSeats)
		queued.RetryAfter = retryQueued
		w.call.answer(queued)
		w.call, w.left = nil, now
	}
}

// abandoned reports whether no call has waited for the take for so long that it loses its place.
func (w *waiter) abandoned(now, kept int64) bool { return w.call == nil && w.left+kept <= now }

// nextExpiry returns when the Wait of the call is over, or when the place is lost.
func (w *waiter) nextExpiry(kept int64) int64 {
	if w.call == nil {
		return w.left + kept
	}
	return w.call.until
}
