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

// clientSetup is what a client has to know.
type clientSetup struct {
	Folder, Address string
	Features        int
	Interval        time.Duration
}

// Orders of a client.
const (
	doReport   = "report"   // tell how it is
	doExchange = "exchange" // return seats and take others, from now on
	doRest     = "rest"     // no longer do so
	doClose    = "close"    // return everything, and tell how it is
)

// clientReport is what a client tells.
type clientReport struct {
	Held      int // features in state Held
	Known     int // features that the runtime knows of, in whatever state
	Checkouts int64
	Lost      int64 // licences that ended without a checkin
	Exits     int64 // times that features were given up since no server answered
	usage
	Before usage // before there was a runtime
}

// attempts is few enough for the longest outages to end in giving up.
const attempts = 4

// tenant holds features, as an application does: what is lost it takes again, and now and then it exchanges some.
type tenant struct {
	before  usage
	runtime *supervisor.Runtime
	slots   []*supervisor.License // nil, or gone: to be taken. Of the goroutine of live, and of it alone

	exchanging             atomic.Bool
	held                   atomic.Int64
	checkouts, lost, exits atomic.Int64
	stop                   context.CancelFunc
	stopped                chan struct{}
}

func newClientRole(text json.RawMessage) (answer func(json.RawMessage) (any, error), end func() error, err error) {
	var s clientSetup
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, nil, fmt.Errorf("read setup: %w", err)
	}
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, nil, err
	}
	t := &tenant{before: used(), slots: make([]*supervisor.License, s.Features), stopped: make(chan struct{})}
	t.runtime, err = supervisor.Start(context.Background(), supervisor.Config{
		Transport: grpctransport.New(grpctransport.Config{TLS: config}),
		Servers:   []transport.Address{transport.Address(s.Address)},
		Heartbeat: supervisor.Heartbeat{Attempts: attempts, Interval: s.Interval},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}}, // go on
		OnEvent:   t.count,
	})
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	go t.live(ctx, s.Interval/10)
	return t.answer, t.close, nil
}

func (t *tenant) count(e messages.Event) {
	switch e.(type) {
	case messages.LicenseLost:
		t.lost.Add(1)
	case messages.Exited:
		t.exits.Add(1)
	}
}

// live takes what is missing and exchanges some, again and again until ctx ends.
func (t *tenant) live(ctx context.Context, pause time.Duration) {
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

// fill takes the seats that are missing, many at a time, and counts those that are held. One that is not granted is
// taken in the next round.
func (t *tenant) fill(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var calls sync.WaitGroup
	places := make(chan struct{}, 64)
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

// exchange returns one seat of a hundred, so that others are taken.
func (t *tenant) exchange(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for range max(1, len(t.slots)/100) {
		i := rand.IntN(len(t.slots))
		if license := t.slots[i]; license != nil && license.Err() == nil {
			_ = license.Checkin(ctx) // what does not arrive now the runtime returns later
		}
		t.slots[i] = nil
	}
}

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

// known is how many features the runtime knows of.
func (t *tenant) known() (n int) {
	if t.runtime != nil {
		for _, of := range t.runtime.Status().Features {
			n += of
		}
	}
	return n
}

// close returns everything, and lets go of the runtime. It may be called again.
func (t *tenant) close() error {
	if t.runtime == nil {
		return nil
	}
	t.stop()
	<-t.stopped
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := t.runtime.Close(ctx); err != nil {
		return errors.Join(errors.New("not everything was returned"), err)
	}
	t.slots, t.runtime = nil, nil
	return nil
}
