package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// clientRole is the process that holds features. Its fields belong to the goroutine that answers orders.
type clientRole struct {
	contender *contender
	setup     setup
	holder    holder
	features  int
	marked    time.Time // of doMark
}

// newClientRole waits for the order to connect.
func newClientRole(text json.RawMessage) (answer func(json.RawMessage) (any, error), end func() error, err error) {
	s, contender, err := readSetup(text)
	c := &clientRole{contender: contender, setup: s}
	return c.answer, c.close, err
}

// close lets go of all features.
func (c *clientRole) close() error {
	if c.holder != nil {
		c.holder.close()
	}
	return nil
}

// answer answers an order.
func (c *clientRole) answer(text json.RawMessage) (any, error) {
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case doHold:
		return c.hold(o)
	case doCount:
		return report{CPU: cpuTime(), Beats: c.holder.beats(), Bytes: c.holder.bytes()}, nil
	case doCheckouts:
		return c.checkouts(o)
	case doMark:
		c.marked = time.Now()
		return nil, nil
	case doRecover:
		return nil, c.recover(o)
	default:
		return nil, fmt.Errorf("unknown order %q", o.Do)
	}
}

// hold connects and takes all features. The reported memory includes what the features share.
func (c *clientRole) hold(o order) (report, error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.For)
	defer cancel()
	before := inUse()
	var err error
	if c.holder, err = c.contender.connect(ctx, c.setup, o.Features); err != nil {
		return report{}, err
	}
	c.features = o.Features
	begin := time.Now()
	var held atomic.Int64
	err = eachOf(c.contender.holders, o.Features, func(i int) error {
		err := c.holder.hold(ctx, i)
		if err == nil {
			held.Add(1)
		}
		return err
	})
	if err != nil {
		return report{}, fmt.Errorf("%d of %d features were held: %w", held.Load(), o.Features, err)
	}
	took := time.Since(begin)
	return report{Memory: inUse() - before, PerSecond: float64(o.Features) / took.Seconds()}, nil
}

// checkouts lets the callers take and return seats, while the features are held.
func (c *clientRole) checkouts(o order) (report, error) {
	end := time.Now().Add(o.For)
	took := make([][]time.Duration, c.setup.Callers)
	begin := time.Now()
	err := eachOf(c.setup.Callers, c.setup.Callers, func(caller int) error {
		for n := 0; time.Now().Before(end); n++ {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			d, err := c.holder.checkout(ctx, caller)
			cancel()
			if err != nil {
				return err
			}
			took[caller] = append(took[caller], d)
		}
		return nil
	})
	elapsed := time.Since(begin)
	all := slices.Concat(took...)
	if err == nil && len(all) == 0 {
		err = errors.New("no checkout was done")
	}
	if err != nil {
		return report{}, err
	}
	slices.Sort(all)
	return report{PerSecond: float64(len(all)) / elapsed.Seconds(), P50: all[len(all)/2], P99: all[len(all)*99/100]}, nil
}

// recover waits until a heartbeat of every feature was acknowledged since doMark. To look at all features takes time. It
// uses a twentieth of one core at most, so that it does not slow down the recovery.
func (c *clientRole) recover(o order) error {
	held := 0
	for end := time.Now().Add(o.For); time.Now().Before(end); {
		begin := time.Now()
		if held = c.holder.heldSince(c.marked); held == c.features {
			return nil
		}
		time.Sleep(max(10*time.Millisecond, 20*time.Since(begin)))
	}
	return fmt.Errorf("%d of %d features were held again within %s", held, c.features, o.For)
}

// eachOf calls do with 0 to n-1, on a number of goroutines, until one call fails.
func eachOf(workers, n int, do func(i int) error) error {
	var mu sync.Mutex
	var failed error
	next := 0
	take := func(err error) (i int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = err
		}
		next++
		return next - 1, next <= n && failed == nil
	}
	var all sync.WaitGroup
	for range min(workers, n) {
		all.Go(func() {
			for i, ok := take(nil); ok; i, ok = take(do(i)) {
			}
		})
	}
	all.Wait()
	return failed
}
