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

// committer is the goroutine that decides. Round by round it drains its queue, lets the allocator decide every request,
// appends the decisions to the ledger in one batch, and only then answers.
type committer struct {
	allocator   *seats.Allocator
	maintenance *maintenance
	clock       *clock
	ledger      ledger.Ledger
	audit       Audit
	retry       time.Duration // of refusals
	log         *slog.Logger
	onCommit    atomic.Pointer[func(time.Duration)] // gets the duration of each append; may be nil

	queue    chan *request
	draining atomic.Bool
	opened   chan struct{} // closed when the first listener serves
	quit     chan struct{} // closed to end the committer
	quitOnce sync.Once
	ended    chan struct{} // closed when the committer has ended
	failure  error         // why the committer ended by itself; nil after stop. Valid once ended is closed.

	requests []*request // of this round
}

const (
	// queueLength is how many requests may wait for the committer. Further requests of clients are refused as Busy.
	queueLength = 1024
	// roundWeight bounds the weight of the requests of a round: how much is appended at once, and how long the first
	// caller waits for the last.
	roundWeight = 8192
)

// ErrStopped is the error of a call that gets no answer, because the committer has ended.
var ErrStopped = errors.New("server stopped")

// submit passes a request to the committer, and blocks until the result is durable or the context of the request ends.
// After an error the caller must not read what the request writes: the committer may still run the request.
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
	if r.kind != fromOperator {
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

// run is the committer's goroutine. It ends when the server stops, and when the ledger or the allocator fails: after
// that, the server could decide the same request twice.
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

// round decides the waiting requests, appends the decisions to the ledger, and answers. After an error no request of
// the round is answered.
func (c *committer) round(first *request, tick bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a panic in the allocator; this is a defect of seatbeat, please report it: %v\n%s", p, debug.Stack())
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
	if !c.draining.Load() && !c.audit.Refuses() {
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

// commit appends the decisions of the round to the ledger.
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

// gather returns first, if not nil, and requests of the queue, until the round is full.
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
	if c.draining.Load() && r.kind == fromClient {
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

// finish refuses the requests that still wait, and closes the ledger.
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

// fail ends the server. The last decisions may be in the ledger or not; only a restart can tell.
func (c *committer) fail(err error) {
	c.draining.Store(true)
	c.log.Error("the server stops after an error; restart it", "error", err)
	c.failure = errors.Join(err, c.ledger.Close())
}
