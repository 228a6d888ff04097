// Package hostcode calls code of the host, such as its transport or its store, on behalf of goroutines that must not depend on
// it. Whatever that code does, the caller gets an answer: code of the host may ignore its context, hang, panic or call
// runtime.Goexit.
package hostcode

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// MaxHanging is how many abandoned calls of one kind may hang at a time. Each keeps a goroutine; further calls fail at once.
const MaxHanging = 64

// Guard stands before one piece of host code. It is safe for concurrent use.
type Guard struct {
	name    string        // of the host code, in errors
	grace   time.Duration // how long a call may go on after its context ended
	hanging atomic.Int64  // abandoned calls that have not returned
}

// New returns a guard before the host code of this name. A call is abandoned when it has not returned this long after its
// context ended.
func New(name string, grace time.Duration) *Guard { return &Guard{name: name, grace: grace} }

// outcome is what a call returned.
type outcome[T any] struct {
	result T
	err    error
}

// Call calls do on a goroutine of its own, and returns what do returns. A panic and runtime.Goexit become errors. A call that
// outlives its context is abandoned with the context's cause. When an abandoned call returns a result after all, late gets
// it; a nil late means that nothing has to be done then.
func Call[T any](ctx context.Context, g *Guard, do func() (T, error), late func(T)) (T, error) {
	var none T
	if n := g.hanging.Load(); n >= MaxHanging {
		return none, fmt.Errorf("%s hangs: %d calls of it have not returned", g.name, n)
	}
	done, abandoned := make(chan outcome[T]), make(chan struct{})
	deliver := func(o outcome[T]) {
		select {
		case done <- o:
		case <-abandoned:
			g.hanging.Add(-1)
			if o.err == nil && late != nil {
				late(o.result)
			}
		}
	}
	go run(g.name, do, deliver)
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(g.grace)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.result, o.err
	case <-timer.C:
	}
	g.hanging.Add(1)
	close(abandoned)
	return none, fmt.Errorf("%s has not returned though its time is over: %w", g.name, context.Cause(ctx))
}

// run calls do and delivers what it returns, even when do panics or ends the goroutine.
func run[T any](name string, do func() (T, error), deliver func(outcome[T])) {
	o := outcome[T]{err: fmt.Errorf("%s called runtime.Goexit", name)}
	defer func() {
		if p := recover(); p != nil {
			o.err = fmt.Errorf("%s panicked: %v", name, p)
		}
		deliver(o)
	}()
	o.result, o.err = do()
}
