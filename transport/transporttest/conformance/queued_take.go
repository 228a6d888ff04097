package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// queuedTake is a Checkout with a single take that waits in the queue, on a goroutine of its own.
type queuedTake struct {
	t      *testing.T
	cancel context.CancelFunc // ends the context of the call
	result <-chan queuedResult
}

// queuedResult is the result of the call.
type queuedResult struct {
	outcome transport.Outcome
	err     error
}

// waiting returns the take with the longest Wait.
func waiting(take transport.Take) transport.Take {
	take.Wait = transport.MaxWait
	return take
}

// queue sends a take over the current session of the client.
func queue(c *client, take transport.Take) *queuedTake {
	ctx, cancel := context.WithCancel(c.context())
	c.t.Cleanup(cancel)
	result, session := make(chan queuedResult, 1), c.session
	go func() {
		reply, err := session.Checkout(ctx, []transport.Take{take})
		if err != nil || len(reply.Outcomes) != 1 {
			result <- queuedResult{err: err}
			return
		}
		result <- queuedResult{outcome: reply.Outcomes[0]}
	}()
	return &queuedTake{t: c.t, cancel: cancel, result: result}
}

// answered reports whether the call has returned.
func (q *queuedTake) answered() bool { return len(q.result) > 0 }

// leave ends the context of the call and waits until the call has returned.
func (q *queuedTake) leave() {
	q.cancel()
	<-q.result
}

// granted asserts that the call is granted now, and returns its lease.
func (q *queuedTake) granted() messages.LeaseID {
	q.t.Helper()
	select {
	case r := <-q.result:
		require.NoError(q.t, r.err)
		require.Equal(q.t, transport.Granted, r.outcome.Result, "%s %s", r.outcome.Reason, r.outcome.Message)
		return r.outcome.Lease
	case <-time.After(soon):
		require.Fail(q.t, "the seats are free and the take is not granted")
	}
	return messages.LeaseID{}
}

// stillWaits asserts that the call has not returned, as far as a short wait can tell.
func (q *queuedTake) stillWaits() {
	q.t.Helper()
	select {
	case r := <-q.result:
		require.Fail(q.t, "a take that waits in the queue was answered", "%s %s %v", r.outcome.Reason, r.outcome.Message, r.err)
	case <-time.After(30 * time.Millisecond):
	}
}

// endsUnreached asserts that the call returns now, with an error that means that no server was reached.
func (q *queuedTake) endsUnreached() {
	q.t.Helper()
	select {
	case r := <-q.result:
		unreached(q.t, r.err, "checkout")
	case <-time.After(soon):
		require.Fail(q.t, "a take still waits although its call should have ended")
	}
}

// endsCancelled asserts that the call returns now, as Gone or as not reached: its request was returned.
func (q *queuedTake) endsCancelled() {
	q.t.Helper()
	select {
	case r := <-q.result:
		require.True(q.t, r.err != nil || r.outcome.Result == transport.Gone, "the call of a request that was returned")
	case <-time.After(soon):
		require.Fail(q.t, "the request was returned and its call still waits")
	}
}
