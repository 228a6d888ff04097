package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

const (
	// interval is the pause between two heartbeats of A: the shortest one. For anything but a play, 30 s to 2 min is advised.
	interval = supervisor.MinInterval
	// attempts is how many heartbeats fail in a row until A asks the other server. Five is usual.
	attempts = 2
	// playTime is how long the play may take without its pauses, and pauseTime how long the pauses may take together.
	playTime, pauseTime = 14 * time.Second, 30 * time.Second
	// readTime is the pause in which a person reads what is about to happen, and lookTime to look at what has happened.
	readTime, lookTime = time.Second, 1500 * time.Millisecond
)

// errTooLong is why a play was stopped that took longer than playLimit.
var errTooLong = errors.New("the play takes too long (does nobody read its output?)")

// playLimit returns how long a play may take, with pauses or without.
func playLimit(paced bool) time.Duration {
	if paced {
		return playTime + pauseTime
	}
	return playTime
}

// play is service A, which holds two features, and the two licence servers that it holds them from.
type play struct {
	*stage
	out         *output
	names       map[transport.Address]string // of the servers
	rt          *supervisor.Runtime
	cad, render *supervisor.License
	seen        seen
	remembered  atomic.Bool   // S1 restarts with its ledger, so that it still has the leases
	exiting     chan struct{} // closed when the runtime says that the service has to end
}

// step is one part of the play: it makes something happen, and waits for what the runtime reports of it.
type step struct {
	title, words string
	run          func(context.Context) error
}

// perform plays from beginning to end. An error says what did not happen.
func perform(ctx context.Context, out *output, defaultExit bool) error {
	p := &play{out: out, seen: make(seen, 1024), exiting: make(chan struct{})}
	defer p.end()
	if err := p.begin(ctx, defaultExit); err != nil {
		return fmt.Errorf("the play could not begin: %w", err)
	}
	steps := p.steps()
	for i, s := range steps {
		out.text("\n%s\n    %s\n", paint(out.colour, bold, fmt.Sprintf("%d/%d  %s", i+1, len(steps), s.title)), s.words)
		out.pause(ctx, readTime)
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("the play went wrong in step %d (%s): %w", i+1, s.title, err)
		}
		out.pause(ctx, lookTime)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	out.text("\nTo read next: examples/embed/main.go, the smallest service that holds a seat.\n")
	return nil
}

// begin starts the servers, and the runtime of service A.
func (p *play) begin(ctx context.Context, defaultExit bool) (err error) {
	if p.stage, err = newStage(); err != nil {
		return err
	}
	p.names = map[transport.Address]string{p.s1.address: p.s1.name, p.s2.address: p.s2.name}
	callbacks := supervisor.Callbacks{OnExit: func(messages.Exited) { close(p.exiting) }}
	if defaultExit {
		callbacks.OnExit = nil
	}
	p.rt, err = p.startRuntime(ctx, serviceA, supervisor.Config{
		Servers:   []transport.Address{p.s1.address, p.s2.address},
		Heartbeat: supervisor.Heartbeat{Attempts: attempts, Interval: interval},
		OnEvent:   p.event,
		Callbacks: callbacks,
	})
	return err
}

// event is called for each event of the runtime.
func (p *play) event(e messages.Event) {
	d := describe(e)
	if _, retrying := e.(messages.RetryingFeature); retrying && p.remembered.Load() {
		d.words = "asking: is the lease still there?"
	}
	p.out.event(e, "    "+d.line(e, p.names[d.server.Address], len("S1"), p.out.colour))
	p.seen <- e
}

// end stops what still runs. After a play that went well no server is left that could take seats back.
func (p *play) end() {
	if p.rt != nil {
		soon, cancel := context.WithTimeout(context.Background(), interval)
		defer cancel()
		_ = p.rt.Close(soon)
	}
	if p.stage != nil {
		_ = p.stage.stop()
	}
}

func (p *play) steps() []step {
	return []step{
		{"Two licence servers start", "Each of them has 2 seats of cad and 4 seats of render. All are free.", p.introduce},
		{"Service A takes seats", "A needs 1 seat of cad and 3 seats of render to run. It asks S1 first.", p.checkOut},
		{"Heartbeats keep the seats", fmt.Sprintf("If S1 heard nothing of A for %s, it would give A's seats to others.", clientTimeout), p.beat},
		{"Program B takes a seat, and is refused another one", "B asks S1 for a seat of cad, twice.", p.compete},
		{"S1 restarts: A keeps its seats", "S1 still has its ledger, which says who holds which seats.", p.restart},
		{"S1 restarts without its ledger: A gets new seats", "S1 does not know A any more. A asks for its seats again.", p.forget},
		{"The same again, but B is faster: A is refused", "B takes 2 of the 4 seats of render before A asks for 3 of them.", p.refuse},
		{"S1 dies: A moves to S2", fmt.Sprintf("When %d heartbeats in a row have failed, A asks the next server.", attempts), p.stopS1},
		{"S2 dies as well: A gives up", "No server is left. A's last licence ends, and A shuts down.", p.stopS2},
	}
}

// show prints who holds which seats.
func (p *play) show(ctx context.Context) error {
	picture, err := p.picture(ctx, p.out.colour)
	p.out.text("\n%s", picture)
	return err
}

func (p *play) introduce(ctx context.Context) error {
	colour := p.out.colour
	p.out.text("    Each block is a seat: %s is free, A holds %s, program B holds %s.\n",
		block("", colour), block(serviceA, colour), block(programB, colour))
	p.out.text("    S1 is at %s, S2 at %s.\n", p.s1.address, p.s2.address)
	return p.show(ctx)
}

func (p *play) checkOut(ctx context.Context) (err error) {
	if p.cad, err = p.rt.Checkout(ctx, messages.Checkout{Feature: "cad", Version: messages.V(2, 1)}); err != nil {
		return err
	}
	if p.render, err = p.rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0), Count: 3}); err != nil {
		return err
	}
	if err := p.seen.await(ctx, "CheckedOut cad", "CheckedOut render"); err != nil {
		return err
	}
	return p.show(ctx)
}

// beat waits for two heartbeats. Each one moves the time at which S1 would free the seats.
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
			p.out.text("    heartbeat %d: S1 keeps the seats for another %s\n", beats, round(time.Until(deadline)))
		}
	}
	return nil
}

// compete lets B take the last seat of cad, and ask for one more.
func (p *play) compete(ctx context.Context) error {
	b, err := p.startProgramB(ctx, p.s1.address)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close(ctx) }()
	seat := messages.Checkout{Feature: "cad", Version: messages.V(2, 1)}
	if _, err := b.Checkout(ctx, seat); err != nil {
		return err
	}
	p.out.text("    the first time:  granted\n")
	_, err = b.Checkout(ctx, seat)
	if refused, ok := errors.AsType[*messages.CheckoutError](err); !ok || !refused.Has(messages.NoSeats) {
		return fmt.Errorf("the second seat should be refused as %s, but: %w", messages.NoSeats, err)
	}
	p.out.text("    the second time: refused, since both seats are in use (%s)\n", messages.NoSeats)
	err = p.show(ctx)
	p.out.text("    Now B ends, and returns its seat.\n")
	return err
}

// startProgramB starts the runtime of B, which knows one server.
func (p *play) startProgramB(ctx context.Context, server transport.Address) (*supervisor.Runtime, error) {
	return p.startRuntime(ctx, programB, supervisor.Config{
		Servers:   []transport.Address{server},
		Heartbeat: supervisor.Heartbeat{Attempts: attempts, Interval: clientTimeout / 3},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},
	})
}

func (p *play) restart(ctx context.Context) error {
	p.remembered.Store(true)
	defer p.remembered.Store(false)
	if err := errors.Join(p.s1.stop(), p.s1.start()); err != nil {
		return err
	}
	if err := p.seen.await(ctx, "ServerRestarted", "CheckoutSucceeded cad resumed", "CheckoutSucceeded render resumed"); err != nil {
		return err
	}
	return p.show(ctx)
}

func (p *play) forget(ctx context.Context) error {
	err := p.s1.stop()
	p.s1.loseLedger()
	if err := errors.Join(err, p.s1.start()); err != nil {
		return err
	}
	if err := p.seen.await(ctx, "ServerReplaced", "CheckoutSucceeded cad", "CheckoutSucceeded render"); err != nil {
		return err
	}
	return p.show(ctx)
}

// refuse lets B take seats before S1 is back at the address where A looks for it.
func (p *play) refuse(ctx context.Context) error {
	err := p.s1.stop()
	p.s1.loseLedger()
	if err := errors.Join(err, p.s1.load()); err != nil {
		return err
	}
	elsewhere, err := p.s1.listenAt("127.0.0.1:0")
	if err != nil {
		return err
	}
	b, err := p.startProgramB(ctx, elsewhere)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close(ctx) }()
	if _, err := b.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0), Count: 2}); err != nil {
		return err
	}
	if err := p.s1.listen(); err != nil {
		return err
	}
	err = p.seen.await(ctx, "ServerReplaced", "CheckoutSucceeded cad", "CheckoutFailed render", "LicenseLost render")
	if err := errors.Join(err, isGone(p.render, messages.ErrLost)); err != nil {
		return err
	}
	p.out.text("    %s: S1 has only 2 free seats, A needs 3. %s: A's licence has ended.\n", messages.NoSeats, messages.StateLost)
	p.out.text("    A must stop using render: the Done channel of that licence is closed.\n")
	err = p.show(ctx)
	p.out.text("    Now B ends, and returns its seats.\n")
	return err
}

func (p *play) stopS1(ctx context.Context) error {
	if err := p.s1.stop(); err != nil {
		return err
	}
	if err := p.seen.await(ctx, fmt.Sprint("ConnectionLost ", attempts), "CheckoutSucceeded cad", "FailedOver cad"); err != nil {
		return err
	}
	return p.show(ctx)
}

func (p *play) stopS2(ctx context.Context) error {
	if err := p.s2.stop(); err != nil {
		return err
	}
	if err := p.seen.await(ctx, fmt.Sprint("ConnectionLost ", attempts), "LicenseLost cad", "Exited"); err != nil {
		return err
	}
	select {
	case <-p.exiting:
	case <-time.After(patience):
		return errors.New("the runtime gave up, but OnExit was not called and the process did not end")
	}
	p.out.text("    %s: the licence ended because no server could be reached.\n", messages.StateExited)
	p.out.text("    OnExit was called. Without it, the process would end with status %d.\n", builtInExit)
	return isGone(p.cad, messages.ErrExited)
}

// isGone returns nil if a licence has ended, for the reason why. A service looks at the licence, as this does, and not at
// the events.
func isGone(license *supervisor.License, why error) error {
	if err := license.Err(); !errors.Is(err, why) {
		return fmt.Errorf("the licence should be gone (%w), but its error is: %s", why, fmt.Sprint(err))
	}
	return nil
}
