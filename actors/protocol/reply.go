package protocol

import (
	"errors"
	"sync/atomic"

	"github.com/seatbeat/seatbeat/messages"
)

// Reply is the answer that a call of the application waits for: Checkout, Checkin, Heartbeat or Close. Only the first
// answer counts. The methods are safe for concurrent use and do not block. A nil Reply drops its answers.
type Reply struct {
	answer  chan error
	left    atomic.Bool
	partial atomic.Pointer[messages.CheckoutError]
}

// NewReply returns a Reply without an answer.
func NewReply() *Reply { return &Reply{answer: make(chan error, 1)} }

// Answer answers the call, whether the caller still waits or not.
func (r *Reply) Answer(err error) {
	if r == nil {
		return
	}
	select {
	case r.answer <- err:
	default:
	}
}

// Answered returns the channel that delivers the answer, once.
func (r *Reply) Answered() <-chan error { return r.answer }

// Leave notes that the caller does not wait any more: its context has ended.
func (r *Reply) Leave() { r.left.Store(true) }

// Awaited reports whether a caller waits for the answer. Nobody waits for that of a nil Reply.
func (r *Reply) Awaited() bool { return r != nil && !r.left.Load() }

// SetPartial notes what the servers have answered to a first checkout that now waits in a queue.
func (r *Reply) SetPartial(partial *messages.CheckoutError) { r.partial.Store(partial) }

// Cancelled returns the error for a caller whose context ended for a cause: the servers' answers so far with the cause,
// or just the cause.
func (r *Reply) Cancelled(cause error) error {
	partial := r.partial.Load()
	if partial == nil {
		return cause
	}
	return &messages.CheckoutError{Checkout: partial.Checkout, Answers: partial.Answers, Cause: cause}
}

// ErrLicenseGone answers the application's heartbeat when the license is gone. The license's own Err says why.
var ErrLicenseGone = errors.New("the license is gone")

// TransportError is why the server gave no answer to the application's heartbeat.
type TransportError string

func (e TransportError) Error() string { return "heartbeat: " + string(e) }
