package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// keeps is how many seats a caller holds before it returns the oldest one. Returns are then scattered over the ledger, as
// they are in production.
const keeps = 16

// load is one run.
type load struct {
	options   options
	transport transport.Transport
	tell      *log.Logger

	clients []*client
	held    [][]messages.LeaseID // by client
	waits   atomic.Int64         // answers with a retry-after
	done    atomic.Int64         // what the current phase has done, for the progress line
	result  result
}

// run takes the leases to hold, measures, and gives everything back, even after a failure.
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

// connectAll makes the clients, and spreads them over the servers.
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

// connect makes one client of a server.
func (l *load) connect(ctx context.Context, address transport.Address) (*client, error) {
	who := transport.Client{Name: "load"}
	_, _ = rand.Read(who.Instance[:]) // never fails
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	session, err := l.transport.Connect(transport.WithClient(ctx, who), address)
	if err != nil {
		return nil, err
	}
	return &client{session: session, feature: l.options.feature, version: l.options.version, waits: &l.waits}, nil
}

// close closes the connections.
func (l *load) close() {
	for _, c := range l.clients {
		_ = c.session.Close()
	}
}

// hold takes, in batches, the leases that are held while checkouts are measured.
func (l *load) hold(ctx context.Context) error {
	if l.options.held == 0 {
		return nil
	}
	defer l.watch("leases taken", time.Time{})()
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
	l.result.held(l.done.Load(), time.Since(begin))
	return err
}

// checkOut lets the callers take and return seats for the duration, while heartbeats keep the held leases.
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

// call is one caller. Until ctx ends it takes seats, and returns the oldest when it has more than keeps. It returns the
// time that each checkout took.
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
			err = c.checkin(mine[:1])
			mine = mine[1:]
		}
	}
	if ctx.Err() != nil {
		err = nil // the measurement is over, or another caller has failed
	}
	if len(mine) > 0 {
		err = errors.Join(err, c.checkin(mine))
	}
	return took, err
}

// keepAlive renews the held leases three times in a client timeout, until ctx ends.
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

// renew renews the held leases as fast as it can, for the duration.
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
	l.result.renewed(l.done.Load(), time.Since(begin))
	return nil
}

// beatAll renews the held leases of one client.
func (l *load) beatAll(i int, c *client) error {
	return inBatches(len(l.held[i]), transport.MaxLeases, func(from, to int) error {
		err := c.heartbeat(l.held[i][from:to])
		l.done.Add(int64(to - from))
		return err
	})
}

// giveBack returns the held leases.
func (l *load) giveBack() error {
	defer l.watch("leases given back", time.Time{})()
	err := l.each(func(i int, c *client) error {
		return inBatches(len(l.held[i]), transport.MaxBatch, func(from, to int) error {
			l.done.Add(int64(to - from))
			return c.checkin(l.held[i][from:to])
		})
	})
	if err != nil {
		return fmt.Errorf("give leases back: %w; the server frees them after its client timeout", err)
	}
	return nil
}

// each calls do for all clients at the same time.
func (l *load) each(do func(i int, c *client) error) error {
	failed := make([]error, len(l.clients))
	var all sync.WaitGroup
	for i, c := range l.clients {
		all.Go(func() { failed[i] = do(i, c) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// share returns how many of n things part i of several gets.
func share(n, parts, i int) int { return n*(i+1)/parts - n*i/parts }

// watch prints every two seconds what the current phase has done, until stop is called. A zero end means that nobody knows
// when the phase will end.
func (l *load) watch(what string, end time.Time) (stop func()) {
	l.done.Store(0)
	stopped, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ticker := time.NewTicker(2 * time.Second)
		defer ticker.Stop()
		begin := time.Now()
		for {
			select {
			case <-ticker.C:
				done, rate := float64(l.done.Load()), time.Since(begin).Seconds()
				l.tell.Printf("%s: %s, %s/s%s", what, figures.Grouped(done), figures.Grouped(done/rate), until(end))
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-over
	}
}

// until says how much time is left.
func until(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return fmt.Sprintf(", %s left", max(0, time.Until(end)).Round(time.Second))
}
