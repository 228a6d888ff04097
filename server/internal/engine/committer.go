package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// committer is the goroutine that decides. Round by round it drains its queue, has the allocator decide every request in
// it, appends what was decided to the ledger in one batch, and only then answers.
type committer struct {
	allocator   *seats.Allocator
	maintenance *maintenance
	clock       *clock
	ledger      ledger.Ledger
	audit       Audit
	retry       time.Duration // of refusals
	log         *slog.Logger
	onCommit    atomic.Pointer[func(time.Duration)] // gets the duration of each append; nil when nobody asks

	queue    chan *request
	draining atomic.Bool
	opened   chan struct{} // closed when the first listener serves
	quit     chan struct{} // closed to end the committer
	quitOnce sync.Once
	ended    chan struct{} // closed when the committer has ended
	failure  error         // why it ended, when nobody asked it to; read it after ended

	requests []*request // of this round
}

const (
	// queueLength is how many requests wait for the committer before the next is refused as Busy.
	queueLength = 1024
	// roundWeight ends a round: it bounds what is appended at once, and how long the first caller waits for the last.
	roundWeight = 8192
)

// ErrStopped is the error of a call that gets no answer, because the committer has ended.
var ErrStopped = errors.New("server stopped")

// submit has the committer run a request, and waits until its result is durable or until its context ends. When submit
// returns an error, nothing that the request writes to may be read: the committer may still run it.
func (c *committer) submit(r *request) error {
	select {
	case <-c.ended:
		return ErrStopped
	default:
	}
	if err := c.enqueue(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-c.ended:
		return r.atEnd()
	}
}

// enqueue puts a request into the queue. When the queue is full, a client's request is refused, an operator's waits.
func (c *committer) enqueue(r *request) error {
	select {
	case c.queue <- r:
		return nil
	default:
	}
	if !r.admin {
		return &seats.Refusal{Reason: messages.Busy, Message: "too many requests wait", RetryAfter: c.retry, Limit: seats.LimitRequests}
	}
	select {
	case c.queue <- r:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-c.ended:
		return ErrStopped
	}
}

// run is the committer's goroutine. It ends when the server stops, and when the ledger or the allocator fails: after that
// nothing could be trusted to be decided only once.
func (c *committer) run() {
	defer close(c.ended)
	defer c.audit.Close()
	ticker := time.NewTicker(c.maintenance.stall.interval)
	defer ticker.Stop()
	opened, ticks := c.opened, (<-chan time.Time)(nil)
	for {
		var first *request
		tick := false
		select {
		case first = <-c.queue:
		case <-ticks:
			tick = true
		case <-opened:
			opened, ticks = nil, ticker.C
			ticker.Reset(c.maintenance.stall.interval)
			c.maintenance.stall.begin(c.clock.raw())
		case <-c.backlog():
		case <-c.quit:
			c.failure = c.finish()
			return
		}
		if err := c.round(first, tick); err != nil {
			c.fail(err)
			return
		}
	}
}

// backlog returns a channel that is ready while maintenance is left from the last round.
func (c *committer) backlog() <-chan struct{} {
	if c.maintenance.backlog {
		return ready
	}
	return nil
}

var ready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// round decides the requests that wait, makes that durable and answers them. After an error nothing of the round is
// answered.
func (c *committer) round(first *request, tick bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while deciding: %v\n%s", p, debug.Stack())
		}
	}()
	if tick {
		c.maintenance.tick()
	}
	if tick || c.maintenance.backlog {
		c.maintenance.run()
	}
	requests := c.gather(first)
	now := c.clock.now()
	for _, r := range requests {
		r.ran(c.decide(r, now))
	}
	if !c.draining.Load() {
		c.maintenance.serveQueues(now)
	}
	if err := c.commit(); err != nil {
		return err
	}
	for _, r := range requests {
		r.answer()
	}
	c.allocator.PassAudit(c.audit.Pass)
	c.allocator.AnswerCalls()
	return nil
}

// commit makes durable what was decided.
func (c *committer) commit() error {
	if !c.allocator.Pending() {
		return nil
	}
	var began time.Time
	onCommit := c.onCommit.Load()
	if onCommit != nil {
		began = time.Now()
	}
	if err := c.ledger.Append(c.allocator.Batch()); err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	if onCommit != nil {
		(*onCommit)(time.Since(began))
	}
	c.allocator.Committed()
	return nil
}

// gather takes the requests in the queue, after first if that is not nil, until the round is full.
func (c *committer) gather(first *request) []*request {
	c.requests = c.requests[:0]
	weight := 0
	for r := first; ; {
		if r != nil {
			c.requests = append(c.requests, r)
			weight += r.weight
		}
		if weight >= roundWeight {
			return c.requests
		}
		select {
		case r = <-c.queue:
		default:
			return c.requests
		}
	}
}

func (c *committer) decide(r *request, now time.Duration) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if c.draining.Load() && !r.admin {
		return c.refuseDraining()
	}
	return r.run(now)
}

func (c *committer) refuseDraining() error {
	return &seats.Refusal{Reason: messages.Draining, Message: "the server is shutting down", RetryAfter: c.retry}
}

// stop asks the committer to end, and waits until it has ended. It may be called again.
func (c *committer) stop() error {
	c.quitOnce.Do(func() { close(c.quit) })
	<-c.ended
	return c.failure
}

// finish refuses what still waits and closes the ledger.
func (c *committer) finish() error {
	for {
		select {
		case r := <-c.queue:
			r.ran(c.refuseDraining())
			r.answer()
		default:
			if err := c.ledger.Close(); err != nil {
				return fmt.Errorf("close ledger: %w", err)
			}
			return nil
		}
	}
}

// fail ends the server. What was decided last may be in the ledger or not; only a restart can tell.
func (c *committer) fail(err error) {
	c.draining.Store(true)
	c.log.Error("server failed and ends", "error", err)
	c.failure = errors.Join(err, c.ledger.Close())
}
