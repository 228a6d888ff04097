package engine

import (
	"context"
	"time"
)

// request is one request to the committer.
type request struct {
	ctx    context.Context // of the caller: a request whose caller is gone is not run
	kind   requestKind
	weight int // how many items it decides
	run    func(now time.Duration) error
	err    error
	done   chan struct{} // closed when err is set and the decision is in the ledger
}

// requestKind says who makes a request, and what it is for.
type requestKind uint8

const (
	fromClient   requestKind = iota // is refused while the server drains, and when the queue is full
	returning                       // as fromClient, but a server that drains still takes seats back
	fromOperator                    // is never refused
)

// client returns a request of a client.
func client(ctx context.Context, weight int, run func(now time.Duration) error) *request {
	return &request{ctx: ctx, weight: weight, run: run, done: make(chan struct{})}
}

// returns returns a request of a client that gives seats back.
func returns(ctx context.Context, weight int, run func(now time.Duration) error) *request {
	return &request{ctx: ctx, kind: returning, weight: weight, run: run, done: make(chan struct{})}
}

// operator returns a request of an operator. It runs even when the queue is full or the server drains.
func operator(ctx context.Context, run func(now time.Duration) error) *request {
	return &request{ctx: ctx, kind: fromOperator, weight: 1, run: run, done: make(chan struct{})}
}

// ran notes the result.
func (r *request) ran(err error) { r.err = err }

// answer lets the caller continue. Call it after the decision is in the ledger.
func (r *request) answer() { close(r.done) }

// atEnd returns the result of a request after the committer ended: the request's own, or ErrStopped if it was not
// answered.
func (r *request) atEnd() error {
	select {
	case <-r.done:
		return r.err
	default:
		return ErrStopped
	}
}
