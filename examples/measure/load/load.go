package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// keeps is how many seats a caller holds before it returns the first, so that returns are scattered over what was granted
// meanwhile, as in life.
const keeps = 16

// load is one run.
type load struct {
	options   options
	transport transport.Transport
	tell      *log.Logger

	clients []*client
	held    [][]messages.LeaseID // by client
	waits   atomic.Int64
	done    atomic.Int64 // of the phase under way, for the progress line
	result  result
}

// run holds leases, measures, and gives everything back, even if something failed.
func (l *load) run(ctx context.Context) (result, error) {
	err := l.connectAll(ctx)
	for _, phase := range []func(context.Context) error{l.hold, l.checkOut, l.renew} {
		if err == nil {
			err = phase(ctx)
		}
		if err == nil && ctx.Err() != nil {
			err = errors.New("interrupted")
		}
	}
	l.result.Waits = l.waits.Load()
	return l.result, errors.Join(err, l.giveBack())
}

func (l *load) connectAll(ctx context.Context) error {
	for i := range l.options.clients {
		c, err := l.connect(ctx, l.options.servers[i%len(l.options.servers)])
		if err != nil {
			return err
		}
		l.clients = append(l.clients, c)
		l.held = append(l.held, nil)
	}
	l.result.describe(l.options)
	return nil
}

func (l *load) close() {
	for _, c := range l.clients {
		_ = c.session.Close()
	}
}

// hold takes the leases that are held meanwhile, in batches.
func (l *load) hold(ctx context.Context) error {
	if l.options.held == 0 {
		return nil
	}
	defer l.watch("leases taken to be held", time.Time{})()
	begin := time.Now()
	err := l.each(func(i int, c *client) error {
		var mu sync.Mutex
		return inBatches(share(l.options.held, len(l.clients), i), transport.MaxBatch, func(from, to int) error {
			leases, err := c.take(ctx, to-from)
			mu.Lock()
			defer mu.Unlock()
			l.held[i] = append(l.held[i], leases...)
			l.done.Add(int64(len(leases)))
			return err
		})
	})
	l.result.HoldPerSecond = float64(l.done.Load()) / time.Since(begin).Seconds()
	return err
}

// checkOut lets the callers take and return seats, while what is held is renewed in time.
func (l *load) checkOut(ctx context.Context) error {
	end := time.Now().Add(l.options.duration)
	defer l.watch("checkouts", end)()
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	took := make([][]time.Duration, l.options.callers)
	failed := make([]error, l.options.callers+1)
	begin := time.Now()
	var all sync.WaitGroup
	all.Go(func() {
		if failed[l.options.callers] = l.keepAlive(ctx); failed[l.options.callers] != nil {
			cancel()
		}
	})
	for n := range took {
		all.Go(func() {
			if took[n], failed[n] = l.call(ctx, l.clients[n%len(l.clients)]); failed[n] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	l.result.checkouts(slices.Concat(took...), time.Since(begin))
	return errors.Join(failed...)
}

// call is one caller: it takes a seat, and once it has some returns the oldest, until ctx ends. It returns how long each
// checkout took.
func (l *load) call(ctx context.Context, c *client) (took []time.Duration, err error) {
	var mine []messages.LeaseID
	for ctx.Err() == nil && err == nil {
		begin := time.Now()
		var leases []messages.LeaseID
		leases, err = c.take(ctx, 1)
		if len(leases) == 0 {
			break
		}
		took = append(took, time.Since(begin))
		l.done.Add(1)
		if mine = append(mine, leases...); len(mine) > keeps {
			err = c.giveBack(mine[:1])
			mine = mine[1:]
		}
	}
	if ctx.Err() != nil {
		err = nil // the end of the measurement, or another caller's failure
	}
	if len(mine) > 0 {
		err = errors.Join(err, c.giveBack(mine))
	}
	return took, err
}

// keepAlive renews what is held three times in a client timeout, as a runtime does, until ctx ends.
func (l *load) keepAlive(ctx context.Context) error {
	if l.options.held == 0 {
		return nil
	}
	ticker := time.NewTicker(l.clients[0].session.Hello().ClientTimeout / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := l.each(l.beatAll); err != nil {
				return fmt.Errorf("renew leases: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// renew renews what is held again and again, as fast as it goes.
func (l *load) renew(ctx context.Context) error {
	if l.options.held == 0 {
		return nil
	}
	begin := time.Now()
	end := begin.Add(l.options.duration)
	defer l.watch("leases renewed", end)()
	for time.Now().Before(end) && ctx.Err() == nil {
		if err := l.each(l.beatAll); err != nil {
			return fmt.Errorf("renew leases: %w", err)
		}
	}
	l.result.BeatsPerSecond = float64(l.done.Load()) / time.Since(begin).Seconds()
	return nil
}

func (l *load) beatAll(i int, c *client) error {
	return inBatches(len(l.held[i]), transport.MaxLeases, func(from, to int) error {
		err := c.beat(l.held[i][from:to])
		l.done.Add(int64(to - from))
		return err
	})
}

// giveBack returns what is held.
func (l *load) giveBack() error {
	defer l.watch("leases given back", time.Time{})()
	err := l.each(func(i int, c *client) error {
		return inBatches(len(l.held[i]), transport.MaxBatch, func(from, to int) error {
			l.done.Add(int64(to - from))
			return c.giveBack(l.held[i][from:to])
		})
	})
	if err != nil {
		return fmt.Errorf("give leases back: %w; the server frees them when their time has passed", err)
	}
	return nil
}

// each runs do for all clients at once.
func (l *load) each(do func(i int, c *client) error) error {
	failed := make([]error, len(l.clients))
	var all sync.WaitGroup
	for i, c := range l.clients {
		all.Go(func() { failed[i] = do(i, c) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// share returns the part of n things that one of so many gets.
func share(n, parts, i int) int { return n*(i+1)/parts - n*i/parts }
