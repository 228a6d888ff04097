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

// patience is how long any one call may take: far more than a server that works needs.
const patience = time.Minute

// client is one client of the server, on a connection of its own. Its methods are safe for concurrent use.
type client struct {
	session transport.Session
	feature string
	version messages.Version
	waits   *atomic.Int64 // how often the server asked to come back later
}

func (l *load) connect(ctx context.Context, address transport.Address) (*client, error) {
	who := transport.Client{Name: "load"}
	_, _ = rand.Read(who.Instance[:]) // never fails
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	session, err := l.transport.Connect(transport.WithClient(ctx, who), address)
	if err != nil {
		return nil, err
	}
	return &client{session: session, feature: l.options.feature, version: l.options.version, waits: &l.waits}, nil
}

// take takes so many seats, each as a lease of its own, in one call, and asks again for those that the server puts off,
// until ctx ends. The leases that it got are returned with an error, too.
func (c *client) take(ctx context.Context, n int) (leases []messages.LeaseID, err error) {
	open := make([]transport.Take, n)
	for i := range open {
		open[i] = transport.Take{Feature: c.feature, Version: c.version, Count: 1}
		_, _ = rand.Read(open[i].Request[:]) // never fails
	}
	for {
		outcomes, err := c.ask(open)
		var putOff []transport.Take
		var wait time.Duration
		for i, o := range outcomes {
			switch {
			case o.Result == transport.Granted:
				leases = append(leases, o.Lease)
			case o.RetryAfter > 0:
				putOff, wait = append(putOff, open[i]), max(wait, o.RetryAfter)
			default:
				err = fmt.Errorf("the server refused a seat of %s %s: %s %s", c.feature, c.version, o.Reason, o.Message)
			}
		}
		if open = putOff; err != nil || len(open) == 0 {
			return leases, err
		}
		if err := c.pause(ctx, wait); err != nil {
			return leases, err
		}
	}
}

// ask sends takes. A call that is refused as a whole counts as each take refused.
func (c *client) ask(takes []transport.Take) ([]transport.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := c.session.Checkout(ctx, takes)
	if r := transport.AsRefusal(err); r != nil {
		refused := transport.Outcome{Result: transport.Refused, Reason: r.Reason, Message: r.Message, RetryAfter: r.RetryAfter}
		return slices.Repeat([]transport.Outcome{refused}, len(takes)), nil
	}
	return reply.Outcomes, err
}

// giveBack returns up to a batch of leases, and tries again when the server asks for that.
func (c *client) giveBack(leases []messages.LeaseID) error {
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
		_ = c.pause(context.Background(), r.RetryAfter)
	}
}

// beat renews up to 4,096 leases.
func (c *client) beat(leases []messages.LeaseID) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := c.session.Heartbeat(ctx, leases)
	if err == nil && len(reply.Ended) > 0 {
		err = fmt.Errorf("%d leases ended meanwhile, the first as %s", len(reply.Ended), reply.Ended[0].Reason)
	}
	return err
}

// pause waits as the server asked; the error is the cause of ctx, should that end first.
func (c *client) pause(ctx context.Context, d time.Duration) error {
	c.waits.Add(1)
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// inBatches calls do for all parts of a number of things, each with at most so many of them, two at a time, until one
// fails: that is what the protocol gains most from.
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
