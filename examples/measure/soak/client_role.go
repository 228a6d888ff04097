//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

const roleClient = "client"

// clientSetup is the setup of a client.
type clientSetup struct {
	Folder, Address string
	Features        int
	Interval        time.Duration
}

// Orders of a client. It answers each of them with a clientReport.
const (
	doReport   = "report"   // only report
	doExchange = "exchange" // return some seats and take others, again and again
	doRest     = "rest"     // stop exchanging
	doClose    = "close"    // return all seats, and close the runtime
)

// clientReport is the state of a client.
type clientReport struct {
	Held      int // features in state Held
	Known     int // features in any state
	Checkouts int64
	Lost      int64 // licences that ended without a checkin
	Exits     int64 // Exited events: features were given up since no server answered
	usage
	Before usage // before the runtime was started
}

// attempts is low, so that the longest outages make features give up.
const attempts = 4

// tenant holds features as an application does: it checks out again what it lost, and it may exchange some.
type tenant struct {
	before  usage
	runtime *supervisor.Runtime
	slots   []*supervisor.License // only for run; a nil or ended one is checked out again

	exchanging             atomic.Bool
	held                   atomic.Int64
	checkouts, lost, exits atomic.Int64
	stop                   context.CancelFunc
	stopped                chan struct{}
}

// newClientRole starts a tenant, and returns its functions.
func newClientRole(text json.RawMessage) (answer func(json.RawMessage) (any, error), end func() error, err error) {
	var s clientSetup
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, nil, fmt.Errorf("read setup: %w", err)
	}
	t, err := newTenant(s)
	if err != nil {
		return nil, nil, err
	}
	return t.answer, t.close, nil
}

func newTenant(s clientSetup) (*tenant, error) {
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, err
	}
	t := &tenant{before: used(), slots: make([]*supervisor.License, s.Features), stopped: make(chan struct{})}
	t.runtime, err = supervisor.Start(context.Background(), supervisor.Config{
		Transport: grpctransport.New(grpctransport.Config{TLS: config}),
		Servers:   []transport.Address{transport.Address(s.Address)},
		Heartbeat: supervisor.Heartbeat{Attempts: attempts, Interval: max(s.Interval, supervisor.MinInterval)}, // the runtime shortens it to a third of the client timeout
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},                                      // it checks out again
		OnEvent:   t.count,
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	go t.run(ctx, s.Interval/10)
	return t, nil
}

// count is called for each event.
func (t *tenant) count(e messages.Event) {
	switch e.(type) {
	case messages.LicenseLost:
		t.lost.Add(1)
	case messages.Exited:
		t.exits.Add(1)
	}
}

// run checks out what is missing, and exchanges some seats if told to, until ctx ends.
func (t *tenant) run(ctx context.Context, pause time.Duration) {
	defer close(t.stopped)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		t.fill(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if t.exchanging.Load() {
			t.exchange(ctx)
		}
	}
}

// fill checks out the seats that are missing, many at a time, and counts the seats that are held. What no server grants is
// left to the next call.
func (t *tenant) fill(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var calls sync.WaitGroup
	places := make(chan struct{}, 64) // one for each checkout under way
	held := 0
	for i, license := range t.slots {
		if license != nil && license.Err() == nil {
			if license.Status().State == messages.StateHeld {
				held++
			}
			continue
		}
		places <- struct{}{}
		calls.Go(func() {
			defer func() { <-places }()
			if license, err := t.runtime.Checkout(ctx, messages.Checkout{Feature: feature, Version: messages.V(1, 0)}); err == nil {
				t.slots[i] = license
				t.checkouts.Add(1)
			}
		})
	}
	calls.Wait()
	t.held.Store(int64(held))
}

// exchange returns one seat of a hundred; fill takes others.
func (t *tenant) exchange(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for range max(1, len(t.slots)/100) {
		i := rand.IntN(len(t.slots))
		if license := t.slots[i]; license != nil && license.Err() == nil {
			_ = license.Checkin(ctx) // if no server is reached, the runtime returns the seat later
		}
		t.slots[i] = nil
	}
}

// answer answers an order.
func (t *tenant) answer(text json.RawMessage) (any, error) {
	var order string
	if err := json.Unmarshal(text, &order); err != nil {
		return nil, err
	}
	switch order {
	case doReport:
	case doExchange, doRest:
		t.exchanging.Store(order == doExchange)
	case doClose:
		if err := t.close(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown order %q", order)
	}
	return clientReport{
		Held: int(t.held.Load()), Known: t.known(), Checkouts: t.checkouts.Load(), Lost: t.lost.Load(), Exits: t.exits.Load(),
		usage: used(), Before: t.before,
	}, nil
}

// known returns the number of features in any state.
func (t *tenant) known() (n int) {
	if t.runtime != nil {
		for _, of := range t.runtime.Status().Features {
			n += of
		}
	}
	return n
}

// close returns all seats and closes the runtime. It may be called again.
func (t *tenant) close() error {
	if t.runtime == nil {
		return nil
	}
	t.stop()
	<-t.stopped
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := t.runtime.Close(ctx); err != nil {
		return errors.Join(errors.New("not all seats were returned"), err)
	}
	t.slots, t.runtime = nil, nil
	return nil
}

func total(reports []clientReport) (held, known int) {
	for _, r := range reports {
		held, known = held+r.Held, known+r.Known
	}
	return held, known
}
