package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// simCheckout is one checkout of a script. It is named after its feature, unless it shares the feature with another one.
type simCheckout struct {
	name    string
	order   messages.Checkout
	local   bool
	started bool // Checkout was called
	cancel  context.CancelFunc

	mu      sync.Mutex // guards the fields below, which the goroutine of the checkout sets
	license *License
	err     error // of the checkout
}

// checkoutKey tells the leases of one checkout from those of others: checkouts of one feature differ in their count.
type checkoutKey struct {
	feature string
	count   int
}

func (a checkoutKey) String() string { return fmt.Sprintf("%s x%d", a.feature, a.count) }

func (c *simCheckout) key() checkoutKey { return checkoutKey{c.order.Feature, c.order.Count} }

// result returns what Checkout returned; nil and nil while it runs.
func (c *simCheckout) result() (*License, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.license, c.err
}

// openCalls counts the application's calls that have not returned, by what they are.
type openCalls struct {
	mu sync.Mutex
	of map[string]int
}

func (p *openCalls) add(what string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string]int{}
	}
	if p.of[what] += n; p.of[what] == 0 {
		delete(p.of, what)
	}
}

func (p *openCalls) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for what := range p.of {
		list = append(list, what)
	}
	return list
}

// call runs a call of the application on a goroutine of its own. A deadline of 0 is no deadline.
func (sim *simulation) call(what string, c *simCheckout, deadline time.Duration, run func(context.Context)) {
	ctx, cancel := within(deadline)
	before := c.cancel
	c.cancel = func() { before(); cancel() }
	sim.openCalls.add(what, 1)
	sim.calls.Go(func() {
		defer cancel()
		defer sim.openCalls.add(what, -1)
		run(ctx)
	})
}

func within(deadline time.Duration) (context.Context, context.CancelFunc) {
	if deadline > 0 {
		return context.WithTimeout(context.Background(), deadline)
	}
	return context.WithCancel(context.Background())
}

// checkout takes the seats of a checkout. It does so once.
func (sim *simulation) checkout(c *simCheckout, deadline time.Duration) {
	if c.started {
		return
	}
	c.started = true
	sim.call("checkout "+c.name, c, deadline, func(ctx context.Context) {
		began := time.Now()
		license, err := sim.rt.Checkout(ctx, c.order)
		if took := time.Since(began); deadline > 0 && took > deadline {
			sim.report("the checkout of %s had %s, and took %s", c.name, deadline, took)
		}
		c.mu.Lock()
		c.license, c.err = license, err
		c.mu.Unlock()
		if err == nil {
			sim.calls.Go(func() { sim.awaitEnd(license) })
		}
	})
}

// awaitEnd waits for Done, as an application does.
func (sim *simulation) awaitEnd(l *License) {
	<-l.Done()
	if l.Err() == nil {
		sim.report("Done of %s is closed, but Err is nil", l.Status().Feature)
	}
}

func (sim *simulation) checkin(c *simCheckout, deadline time.Duration) {
	if l, _ := c.result(); l != nil {
		sim.call("checkin "+c.name, c, deadline, func(ctx context.Context) {
			if err := l.Checkin(ctx); err == nil && l.Status().State != messages.StateCheckedIn {
				sim.report("Checkin of %s returned nil in state %s", c.name, l.Status().State)
			}
		})
	}
}

func (sim *simulation) heartbeat(c *simCheckout, deadline time.Duration) {
	if l, _ := c.result(); l != nil {
		sim.call("heartbeat "+c.name, c, deadline, func(ctx context.Context) {
			err := l.Heartbeat(ctx)
			if final := isFinal(err); final && l.Err() == nil {
				sim.report("Heartbeat of %s returned %v, but the license lives", c.name, err)
			}
		})
	}
}

// isFinal reports whether the error says that a license is gone.
func isFinal(err error) bool {
	for _, e := range []error{
		messages.ErrLost, messages.ErrExited, messages.ErrUnavailable, messages.ErrCheckedIn, messages.ErrClosed,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errorOf reports whether the error is one that a license in this state has.
func errorOf(state messages.State, err error) bool {
	switch state {
	case messages.StateLost:
		return errors.Is(err, messages.ErrLost)
	case messages.StateExited:
		return errors.Is(err, messages.ErrExited)
	case messages.StateUnavailable:
		return errors.Is(err, messages.ErrUnavailable)
	case messages.StateCheckedIn:
		return errors.Is(err, messages.ErrCheckedIn) || errors.Is(err, messages.ErrClosed)
	default:
		return state.Live() && err == nil
	}
}
