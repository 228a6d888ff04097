package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// patience is how long one call may take. A working server needs far less.
const patience = time.Minute

// client is one client of the server, with a connection of its own. Its methods are safe for concurrent use.
type client struct {
	session transport.Session
	feature string
	version messages.Version
	waits   *atomic.Int64 // counts answers with a retry-after
}

// take takes n seats in one call, each as a lease of its own. It repeats the takes that the server refuses with a
// retry-after, until ctx ends. The leases that were granted are returned even with an error.
func (c *client) take(ctx context.Context, n int) (leases []messages.LeaseID, err error) {
	open := make([]transport.Take, n)
	for i := range open {
		open[i] = transport.Take{Feature: c.feature, Version: c.version, Count: 1}
		_, _ = rand.Read(open[i].Request[:]) // never fails
	}
	for {
		outcomes, err := c.checkout(open)
		var delayed []transport.Take
		var retryAfter time.Duration
		for i, o := range outcomes {
			switch {
			case o.Result == transport.Granted:
				leases = append(leases, o.Lease)
			case o.RetryAfter > 0:
				delayed, retryAfter = append(delayed, open[i]), max(retryAfter, o.RetryAfter)
			default:
				err = fmt.Errorf("the server refused a seat of %s %s: %s %s", c.feature, c.version, o.Reason, o.Message)
			}
		}
		if open = delayed; err != nil || len(open) == 0 {
			return leases, err
		}
		if err := c.wait(ctx, retryAfter); err != nil {
			return leases, err
		}
	}
}

// checkout sends takes. When the server refuses the call as a whole, each take counts as refused.
func (c *client) checkout(takes []transport.Take) ([]transport.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := c.session.Checkout(ctx, takes)
	if r := transport.AsRefusal(err); r != nil {
		refused := transport.Outcome{Result: transport.Refused, Reason: r.Reason, Message: r.Message, RetryAfter: r.RetryAfter}
		return slices.Repeat([]transport.Outcome{refused}, len(takes)), nil
	}
	return reply.Outcomes, err
}

// checkin returns up to transport.MaxBatch leases. It repeats the call when the server refuses it with a retry-after.
func (c *client) checkin(leases []messages.LeaseID) error {
	returns := make([]transport.Return, len(leases))
	for i, lease := range leases {
		returns[i].Lease = lease
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := c.session.Checkin(ctx, returns)
		cancel()
		r := transport.AsRefusal(err)
		if r == nil || r.RetryAfter <= 0 {
			return err
		}
		_ = c.wait(context.Background(), r.RetryAfter)
	}
}

// heartbeat renews up to transport.MaxLeases leases.
func (c *client) heartbeat(leases []messages.LeaseID) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := c.session.Heartbeat(ctx, leases)
	if err == nil && len(reply.Ended) > 0 {
		err = fmt.Errorf("%d leases have ended, the first as %s", len(reply.Ended), reply.Ended[0].Reason)
	}
	return err
}

// wait waits as long as the server asks. If ctx ends first, the error is its cause.
func (c *client) wait(ctx context.Context, retryAfter time.Duration) error {
	c.waits.Add(1)
	select {
	case <-time.After(retryAfter):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// inBatches calls do for each batch of n things, until one call fails. Two calls run at a time: the protocol gains most
// from the second one.
func inBatches(n, batch int, do func(from, to int) error) error {
	var next atomic.Int64
	var failed [2]error
	var workers sync.WaitGroup
	for w := range failed {
		workers.Go(func() {
			for failed[w] == nil {
				from := int(next.Add(1)-1) * batch
				if from >= n {
					return
				}
				failed[w] = do(from, min(from+batch, n))
			}
		})
	}
	workers.Wait()
	return errors.Join(failed[:]...)
}
