package main

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
)

const (
	workers = 4
	pause   = 10 * time.Second // after a checkout that failed
)

// pool does jobs while it holds a seat.
type pool struct {
	jobs <-chan int // closed after the last job
	do   func(job int)
}

// work does jobs until none is left or ctx ends.
func (p *pool) work(ctx context.Context, rt *supervisor.Runtime) {
	for {
		license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)})
		if err == nil {
			licensed, cancel := license.Context(ctx) // ends with the licence, and with ctx
			drained := p.workWhile(licensed)
			err = context.Cause(licensed)
			cancel()
			if drained {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		slog.Warn("no job is taken without a license", "error", err, "again_in", pause)
		sleep(ctx, pause)
	}
}

// workWhile lets the workers take jobs until licensed ends or no job is left, and waits for the jobs that they took. It
// reports whether no job is left.
func (p *pool) workWhile(licensed context.Context) (drained bool) {
	var wg sync.WaitGroup
	var empty atomic.Bool
	for range workers {
		wg.Go(func() {
			for licensed.Err() == nil { // select alone might still choose a job
				select {
				case <-licensed.Done():
				case job, ok := <-p.jobs:
					if !ok {
						empty.Store(true)
						return
					}
					p.do(job)
				}
			}
		})
	}
	wg.Wait()
	return empty.Load()
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
