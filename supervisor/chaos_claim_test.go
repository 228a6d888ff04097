package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// claim is one checkout of a script. Its name is that of its feature, unless it shares that with another one.
type claim struct {
	name    string
	order   messages.Checkout
	local   bool
	started bool // Checkout was called
	cancel  context.CancelFunc

	mu      sync.Mutex // guards the fields below, which the goroutine of the checkout sets
	license *License
	err     error // of the checkout
}

// asked tells the seats of one claim from those of others: claims that share a feature differ in their count.
type asked struct {
	feature string
	count   int
}

func (a asked) String() string { return fmt.Sprintf("%s x%d", a.feature, a.count) }

func (c *claim) asked() asked { return asked{c.order.Feature, c.order.Count} }

// result returns what the checkout returned; neither while it runs.
func (c *claim) result() (*License, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.license, c.err
}

// pending counts the application's calls that have not returned, by what they are.
type pending struct {
	mu sync.Mutex
	of map[string]int
}

func (p *pending) add(what string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string]int{}
	}
	if p.of[what] += n; p.of[what] == 0 {
		delete(p.of, what)
	}
}

func (p *pending) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for what := range p.of {
		list = append(list, what)
	}
	return list
}

// call runs a call of the application beside the script. A deadline of 0 is none.
func (w *world) call(what string, c *claim, deadline time.Duration, run func(context.Context)) {
	ctx, cancel := within(deadline)
	before := c.cancel
	c.cancel = func() { before(); cancel() }
	w.pending.add(what, 1)
	w.calls.Go(func() {
		defer cancel()
		defer w.pending.add(what, -1)
		run(ctx)
	})
}

func within(deadline time.Duration) (context.Context, context.CancelFunc) {
	if deadline > 0 {
		return context.WithTimeout(context.Background(), deadline)
	}
	return context.WithCancel(context.Background())
}

// checkout takes the seats of a claim, once.
func (w *world) checkout(c *claim, deadline time.Duration) {
	if c.started {
		return
	}
	c.started = true
	w.call("checkout "+c.name, c, deadline, func(ctx context.Context) {
		began := time.Now()
		license, err := w.rt.Checkout(ctx, c.order)
		if took := time.Since(began); deadline > 0 && took > deadline {
			w.report("the checkout of %s had %s, and took %s", c.name, deadline, took)
		}
		c.mu.Lock()
		c.license, c.err = license, err
		c.mu.Unlock()
		if err == nil {
			w.calls.Go(func() { w.awaitEnd(license) })
		}
	})
}

// awaitEnd waits for Done as an application does.
func (w *world) awaitEnd(l *License) {
	<-l.Done()
	if l.Err() == nil {
		w.report("Done of %s is closed, but Err is nil", l.Status().Feature)
	}
}

func (w *world) checkin(c *claim, deadline time.Duration) {
	if l, _ := c.result(); l != nil {
		w.call("checkin "+c.name, c, deadline, func(ctx context.Context) {
			if err := l.Checkin(ctx); err == nil && l.Status().State != messages.StateCheckedIn {
				w.report("Checkin of %s returned nil in state %s", c.name, l.Status().State)
			}
		})
	}
}

func (w *world) heartbeat(c *claim, deadline time.Duration) {
	if l, _ := c.result(); l != nil {
		w.call("heartbeat "+c.name, c, deadline, func(ctx context.Context) {
			err := l.Heartbeat(ctx)
			if final := isFinal(err); final && l.Err() == nil {
				w.report("Heartbeat of %s returned %v, but the license lives", c.name, err)
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

// errorOf reports whether the error is one of a license in this state.
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
