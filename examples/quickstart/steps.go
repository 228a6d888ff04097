package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

// step is one part of the play: something is done, and what the runtime has to tell of it is awaited.
type step struct {
	title string
	run   func(context.Context) error
}

func (p *play) steps() []step {
	return []step{
		{"Check out two features", p.checkOut},
		{"Heartbeats keep the seats; nothing is told while all is well", p.beat},
		{"S1 restarts: it knows its leases, so the same seats are resumed", p.restart},
		{"S1 restarts and has lost its ledger: the seats are taken again", p.forget},
		{"The same once more, but others were faster: render is refused", p.refuse},
		{"S1 stops: after three failed heartbeats the seats are taken from S2", p.stopS1},
		{"S2 stops too: no server is left, the runtime gives up", p.stopS2},
	}
}

func (p *play) checkOut(ctx context.Context) (err error) {
	if p.cad, err = p.rt.Checkout(ctx, messages.Checkout{Feature: "cad", Version: messages.V(2, 1)}); err != nil {
		return err
	}
	if p.render, err = p.rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0), Count: 3}); err != nil {
		return err
	}
	return p.await(ctx, "CheckedOut cad", "CheckedOut render")
}

// beat watches two heartbeats by what they do: they put off the time at which S1 would free the seats.
func (p *play) beat(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	deadline := p.cad.Status().Deadline
	for beats := 0; beats < 2; {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("within %s no heartbeat was acknowledged", patience)
		}
		if now := p.cad.Status().Deadline; now.After(deadline) {
			deadline = now
			beats++
			p.out.note("heartbeat %d: S1 keeps the seats for another %s", beats, round(time.Until(deadline)))
		}
	}
	return nil
}

func (p *play) restart(ctx context.Context) error {
	if err := errors.Join(p.s1.stop(), p.s1.start()); err != nil {
		return err
	}
	return p.await(ctx, "ServerRestarted", "CheckoutSucceeded cad resumed", "CheckoutSucceeded render resumed")
}

func (p *play) forget(ctx context.Context) error {
	err := p.s1.stop()
	p.s1.loseLedger()
	if err := errors.Join(err, p.s1.start()); err != nil {
		return err
	}
	return p.await(ctx, "ServerReplaced", "CheckoutSucceeded cad", "CheckoutSucceeded render")
}

// refuse has another application take seats before S1 is back at the address where ours looks for it.
func (p *play) refuse(ctx context.Context) error {
	err := p.s1.stop()
	p.s1.loseLedger()
	if err := errors.Join(err, p.s1.boot()); err != nil {
		return err
	}
	elsewhere, err := p.s1.listenAt("127.0.0.1:0")
	if err != nil {
		return err
	}
	other, err := p.startRuntime(ctx, supervisor.Config{
		Servers:   []transport.Address{elsewhere},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = other.Close(ctx) }()
	if _, err := other.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0), Count: 2}); err != nil {
		return err
	}
	p.out.note("another application took 2 of the 4 seats of render: 3 are no longer free")
	if err := p.s1.listen(); err != nil {
		return err
	}
	err = p.await(ctx, "ServerReplaced", "CheckoutSucceeded cad", "CheckoutFailed render", "LicenseLost render")
	return errors.Join(err, isGone(p.render, messages.ErrLost))
}

func (p *play) stopS1(ctx context.Context) error {
	if err := p.s1.stop(); err != nil {
		return err
	}
	return p.await(ctx, "ConnectionLost 3", "CheckoutSucceeded cad", "FailedOver cad")
}

func (p *play) stopS2(ctx context.Context) error {
	if err := p.s2.stop(); err != nil {
		return err
	}
	if err := p.await(ctx, "ConnectionLost 3", "LicenseLost cad", "Exited"); err != nil {
		return err
	}
	select {
	case <-p.exiting:
		p.out.note("OnExit was called: the application shuts itself down; without it the process would end with status 3")
	case <-time.After(patience):
		return errors.New("the runtime gave up, but OnExit was not called and the process did not end")
	}
	return isGone(p.cad, messages.ErrExited)
}

// isGone returns nil if a licence says that it is gone, and why: the events are for showing, this is for deciding.
func isGone(license *supervisor.License, why error) error {
	if err := license.Err(); !errors.Is(err, why) {
		return fmt.Errorf("the licence should be gone (%w), but its error is: %s", why, fmt.Sprint(err))
	}
	return nil
}

// label names an event in what await is told: its name, and what tells it from its like.
func label(e messages.Event) string {
	words := []string{messages.Name(e)}
	claim, _, _ := ofFeature(e)
	if claim.Feature != "" {
		words = append(words, claim.Feature)
	}
	switch e := e.(type) {
	case messages.CheckoutSucceeded:
		if e.Resumed {
			words = append(words, "resumed")
		}
	case messages.ConnectionLost:
		words = append(words, fmt.Sprint(e.Failed))
	}
	return strings.Join(words, " ")
}

func join(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), ", ") }
