// Package logqueue stands between code of ours that must not wait and the log handler of a host, which may block, panic or
// call back into us: an actor, a committer, a function that holds a lock.
package logqueue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/internal/fifo"
)

// bound is the maximum number of records that wait for the host's handler, about 300 KB. When a handler is this far
// behind, records are dropped, and a later record says how many.
const bound = 1024

// Queue hands log records to a host's handler, in order and one at a time, on a goroutine of its own.
type Queue struct {
	ended chan struct{} // closed when the last record was handled

	mu      sync.Mutex // guards the fields below
	records fifo.Queue[entry]
	dropped int     // records dropped after the end of records
	lost    *target // the target that gets the report about them
	closed  bool
	wake    sync.Cond // of mu: a record was queued, or closed was set
}

// entry passes a record to its handler. It calls host code: only the queue's goroutine may run it.
type entry func()

// New returns a queue in front of a handler, and the logger that fills it. The logger never blocks and never panics,
// whatever the handler does. Close ends the queue's goroutine.
func New(host slog.Handler) (*Queue, *slog.Logger) {
	q := &Queue{ended: make(chan struct{})}
	q.wake.L = &q.mu
	if host == slog.DiscardHandler {
		q.closed = true
		close(q.ended)
		return q, slog.New(host)
	}
	go q.run()
	return q, slog.New(handler{queue: q, target: &target{host: host}})
}

// Close makes the queue refuse further records, and waits until the queued records are handled or the time is over. A
// handler that hangs keeps only the queue's goroutine, until the handler returns. It may be called again.
func (q *Queue) Close(wait time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.wake.Signal()
	q.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-q.ended:
	case <-timer.C:
	}
}

// push queues a record for a target, or counts it as dropped.
func (q *Queue) push(to *target, record slog.Record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return
	case q.records.Len() >= bound:
		q.dropped++
		q.lost = to
		return
	}
	if q.dropped > 0 {
		q.records.Push(q.reportDropped())
	}
	q.records.Push(func() { to.handle(record) })
	q.wake.Signal()
}

// reportDropped returns a record about the records dropped so far. It is called with mu held.
func (q *Queue) reportDropped() entry {
	n, to := q.dropped, q.lost
	q.dropped, q.lost = 0, nil
	return func() { to.handle(droppedRecord(n)) }
}

// droppedRecord tells an operator that log records are missing at this point.
func droppedRecord(n int) slog.Record {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log records were dropped, because the log handler was too slow", 0)
	r.AddAttrs(slog.Int("dropped", n))
	return r
}

// run is the queue's goroutine. When a handler calls runtime.Goexit, this goroutine ends and another goroutine
// continues.
func (q *Queue) run() {
	finished := false
	defer func() {
		if finished {
			close(q.ended)
			return
		}
		go q.run()
	}()
	for e := q.next(); e != nil; e = q.next() {
		e()
	}
	finished = true
}

// next waits for a record. It returns nil when the queue is closed and empty.
func (q *Queue) next() entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if e, ok := q.records.Pop(); ok {
			return e
		}
		switch {
		case q.dropped > 0:
			return q.reportDropped()
		case q.closed:
			return nil
		}
		q.wake.Wait()
	}
}

// handler is the slog.Handler that our loggers have. It calls no code of the host.
type handler struct {
	queue  *Queue
	target *target
}

// Enabled is always true: the queue's goroutine asks the host's handler whether a level is enabled.
func (h handler) Enabled(context.Context, slog.Level) bool { return true }

// Handle queues a record.
func (h handler) Handle(_ context.Context, record slog.Record) error {
	h.queue.push(h.target, record.Clone())
	return nil
}

// WithAttrs returns a handler whose records have more attributes.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.queue, &target{parent: h.target, derive: func(host slog.Handler) slog.Handler { return host.WithAttrs(attrs) }}}
}

// WithGroup returns a handler whose records have their attributes in a group.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.queue, &target{parent: h.target, derive: func(host slog.Handler) slog.Handler { return host.WithGroup(name) }}}
}

// target is a handler of the host, made when the first record for it is handled: making it calls code of the host. Only
// the queue's goroutine uses the methods.
type target struct {
	host   slog.Handler // nil until it is made
	parent *target
	derive func(slog.Handler) slog.Handler
}

func (t *target) resolve() slog.Handler {
	if t.host == nil {
		t.host = t.derive(t.parent.resolve())
	}
	return t.host
}

// handle calls the host's handler. A panic of the handler loses this record; the next record reports the panic.
func (t *target) handle(record slog.Record) {
	defer func() {
		if reason := recover(); reason != nil {
			t.reportPanic(reason)
		}
	}()
	t.write(record)
}

func (t *target) reportPanic(reason any) {
	defer func() { _ = recover() }() // a handler that always panics cannot get the report
	r := slog.NewRecord(time.Now(), slog.LevelError, "the log handler panicked, and a record is lost", 0)
	r.AddAttrs(slog.String("panic", fmt.Sprint(reason)))
	t.write(r)
}

func (t *target) write(record slog.Record) {
	if h := t.resolve(); h.Enabled(context.Background(), record.Level) {
		_ = h.Handle(context.Background(), record)
	}
}
