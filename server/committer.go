package server

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// op is one request to the committer.
type op struct {
	ctx    context.Context // of the caller: one that has given up is not served
	admin  bool            // served while the server drains, too
	weight int             // how many items it decides
	run    func(now time.Duration) error
	err    error
	done   chan struct{} // closed when err is set and what was decided is in the ledger
}

const (
	// batchWeight ends a round: it bounds what is appended at once, and how long the first caller waits for the last.
	batchWeight = 8192
	// choreWeight is how many leases one round ends by itself, so that callers do not wait behind a mass expiry.
	choreWeight = 2048
)

// do has the committer run a request and waits until its result is durable, or until ctx ends. Nothing that run writes
// to may be read when do returns an error: the committer may still come to it.
func (e *engine) do(ctx context.Context, weight int, run func(now time.Duration) error) error {
	return e.submit(&op{ctx: ctx, weight: weight, run: run, done: make(chan struct{})})
}

func (e *engine) submit(o *op) error {
	select {
	case <-e.ended:
		return errStopped
	default:
	}
	if err := e.enqueue(o); err != nil {
		return err
	}
	select {
	case <-o.done:
		return o.err
	case <-o.ctx.Done():
		return o.ctx.Err()
	case <-e.ended:
		return o.atEnd()
	}
}

// enqueue puts a request into the queue. A client's is refused when there is no room, an operator's waits.
func (e *engine) enqueue(o *op) error {
	select {
	case e.queue <- o:
		return nil
	default:
	}
	if !o.admin {
		return &refusal{reason: messages.Busy, message: "too many requests wait", retryAfter: e.cfg.RetryAfter}
	}
	select {
	case e.queue <- o:
		return nil
	case <-o.ctx.Done():
		return o.ctx.Err()
	case <-e.ended:
		return errStopped
	}
}

// atEnd returns the result of a request when the committer has ended, which it may have seen or not.
func (o *op) atEnd() error {
	select {
	case <-o.done:
		return o.err
	default:
		return errStopped
	}
}

// commit is the committer: round by round it drains the queue, decides, appends, answers. It ends when the server stops
// and when the ledger or the book fails: after that nothing could be trusted to be decided only once.
func (e *engine) commit() {
	defer close(e.ended)
	defer e.audit.close()
	ticker := time.NewTicker(e.watch.interval)
	defer ticker.Stop()
	opened, ticks := e.ticking, (<-chan time.Time)(nil)
	for {
		var first *op
		tick := false
		select {
		case first = <-e.queue:
		case <-ticks:
			tick = true
		case <-opened:
			opened, ticks = nil, ticker.C
			ticker.Reset(e.watch.interval)
			e.watch.last = e.clock.raw()
		case <-e.leftOver():
		case <-e.quit:
			e.failure = e.finish()
			return
		}
		if err := e.round(first, tick); err != nil {
			e.fail(err)
			return
		}
	}
}

// leftOver returns a channel that is ready while chores are left from the last round.
func (e *engine) leftOver() <-chan struct{} {
	if e.busy {
		return ready
	}
	return nil
}

var ready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// round decides what waits, makes it durable and answers it. After an error nothing of the round is answered.
func (e *engine) round(first *op, tick bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while deciding: %v\n%s", p, debug.Stack())
		}
	}()
	if tick {
		e.tick()
	}
	if tick || e.busy {
		e.chores()
	}
	ops := e.gather(first)
	now := e.clock.now()
	for _, o := range ops {
		o.err = e.decide(o, now)
	}
	if !e.draining.Load() && e.book.serveLines(now, choreWeight) {
		e.busy = true
	}
	if !e.book.undecided() {
		began := e.commitBegins()
		if err := e.cfg.Ledger.Append(e.book.batch); err != nil {
			return fmt.Errorf("append to ledger: %w", err)
		}
		e.commitEnds(began)
		e.book.kept()
	}
	for _, o := range ops {
		close(o.done)
	}
	e.book.deeds = e.audit.pass(e.book.deeds)
	e.book.answerCalls()
	return nil
}

// gather takes what waits in the queue, after first if it is not nil, until the round is full.
func (e *engine) gather(first *op) []*op {
	e.ops = e.ops[:0]
	weight := 0
	for o := first; ; {
		if o != nil {
			e.ops = append(e.ops, o)
			weight += o.weight
		}
		if weight >= batchWeight {
			return e.ops
		}
		select {
		case o = <-e.queue:
		default:
			return e.ops
		}
	}
}

func (e *engine) decide(o *op, now time.Duration) error {
	if err := o.ctx.Err(); err != nil {
		return err
	}
	if e.draining.Load() && !o.admin {
		return e.refuseDraining()
	}
	return o.run(now)
}

// finish refuses what still waits and closes the ledger.
func (e *engine) finish() error {
	for {
		select {
		case o := <-e.queue:
			o.err = e.refuseDraining()
			close(o.done)
		default:
			if err := e.cfg.Ledger.Close(); err != nil {
				return fmt.Errorf("close ledger: %w", err)
			}
			return nil
		}
	}
}

// fail ends the server: what was decided last may be in the ledger or not, and only a restart can tell.
func (e *engine) fail(err error) {
	e.draining.Store(true)
	e.log.Error("server failed and ends", "error", err)
	e.failure = errors.Join(err, e.cfg.Ledger.Close())
}
