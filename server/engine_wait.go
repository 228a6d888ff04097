package server

import (
	"context"
	"errors"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// heldCall is a call that is answered when its place in line is decided. The committer writes outcome and err and then
// closes done; the goroutine of the call ends ctx when it waits no longer, with which the committer deals at leisure.
type heldCall struct {
	ctx     context.Context
	session uint64
	outcome outcome
	err     error
	done    chan struct{}
}

// errOvertaken is the error of a call that waits in line when a later call of the same request has come. It is not an
// answer.
var errOvertaken = errors.New("a later call asks for the same request")

// over returns why nobody waits for the answer of the call any more, nil while somebody does.
func (h *heldCall) over(c *client) error {
	if c.session.Load() != h.session {
		return errSuperseded
	}
	return h.ctx.Err()
}

// wait decides a take, and holds the call while it waits in line, for the take's wait or as long as the protocol allows.
// A place that is granted in the moment in which its wait ends is found by the repeat, as after a reply that was lost.
func (e *engine) wait(ctx context.Context, c *client, session uint64, t take) ([]outcome, error) {
	held, end := context.WithCancel(ctx)
	defer end()
	call := &heldCall{ctx: held, session: session, done: make(chan struct{})}
	var o outcome
	var waits bool
	err := e.do(ctx, 1, func(now time.Duration) error {
		if err := e.book.spend(c, 1, now); err != nil {
			e.book.nameless.deny(messages.RateLimited, 1)
			return err
		}
		o, waits = e.book.wait(c, t, call, now)
		return nil
	})
	if err == nil && waits {
		c.inFlight.Add(-1) // the bounds of lines are for it now, so that it is in the way of no heartbeat
		o, err = e.await(call, min(t.wait, maxWait(e.cfg.ClientTimeout)))
		c.inFlight.Add(1)
	}
	if err != nil {
		return nil, err
	}
	return []outcome{o}, nil
}

// await waits until a call in line is answered.
func (e *engine) await(call *heldCall, most time.Duration) (outcome, error) {
	over := time.NewTimer(most)
	defer over.Stop()
	select {
	case <-call.done:
		return call.outcome, call.err
	case <-over.C:
		o := refuse(messages.NoSeats, "still in line")
		o.retryAfter = stillInLine
		return o, nil
	case <-call.ctx.Done():
		return outcome{}, call.ctx.Err()
	case <-e.drained:
		return outcome{}, e.refuseDraining()
	case <-e.ended:
		return outcome{}, errStopped
	}
}
