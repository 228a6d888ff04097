package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

const (
	// interval is the pause between heartbeats in the play. Between 30 s and 2 min is advised for anything else.
	interval = 700 * time.Millisecond
	// attempts is how many heartbeats have to fail in a row until the other server is asked. Five is usual.
	attempts = 3
	// patience is how long the play waits for what should happen next.
	patience = 10 * time.Second
	// playTime is how long the whole play may take.
	playTime = 14 * time.Second
)

// play is an application that holds two features, and the two licence servers that it holds them from.
type play struct {
	out     *timeline
	certs   *authority
	s1, s2  *licenseServer
	rt      *supervisor.Runtime
	cad     *supervisor.License
	render  *supervisor.License
	seen    chan messages.Event // what the runtime told
	exiting chan struct{}       // closed when it said that the application has to end
}

// runPlay plays from beginning to end. An error says what did not happen.
func runPlay(ctx context.Context, out *timeline, builtInExit bool) error {
	ctx, cancel := context.WithTimeout(ctx, playTime)
	defer cancel()
	p := &play{out: out, seen: make(chan messages.Event, 1024), exiting: make(chan struct{})}
	defer p.tearDown()
	if err := p.setUp(ctx, builtInExit); err != nil {
		return fmt.Errorf("the play could not begin: %w", err)
	}
	for i, s := range p.steps() {
		out.step(i+1, s.title)
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("the play went wrong in step %d (%s): %w", i+1, s.title, err)
		}
	}
	return nil
}

// setUp starts the servers and the runtime, which is what a service does too.
func (p *play) setUp(ctx context.Context, builtInExit bool) error {
	if err := p.startServers(); err != nil {
		return err
	}
	callbacks := supervisor.Callbacks{OnExit: func(messages.Exited) { close(p.exiting) }}
	if builtInExit {
		callbacks.OnExit = nil
	}
	rt, err := p.startRuntime(ctx, supervisor.Config{
		Servers: []transport.Address{p.s1.address, p.s2.address},
		OnEvent: func(e messages.Event) {
			p.out.event(e)
			p.seen <- e
		},
		Callbacks: callbacks,
	})
	p.rt = rt
	return err
}

func (p *play) startServers() error {
	certs, err := newAuthority()
	if err != nil {
		return err
	}
	tlsConfig, err := certs.server()
	if err != nil {
		return err
	}
	p.certs, p.s1, p.s2 = certs, newLicenseServer(tlsConfig), newLicenseServer(tlsConfig)
	if err := errors.Join(p.s1.start(), p.s2.start()); err != nil {
		return err
	}
	p.out.name(p.s1.address, "S1")
	p.out.name(p.s2.address, "S2")
	p.out.note("licence servers: S1 at %s, S2 at %s; each has 2 seats of cad and 4 of render", p.s1.address, p.s2.address)
	return nil
}

// startRuntime starts a runtime with a certificate of its own and the play's heartbeats.
func (p *play) startRuntime(ctx context.Context, c supervisor.Config) (*supervisor.Runtime, error) {
	tlsConfig, err := p.certs.client("quickstart")
	if err != nil {
		return nil, err
	}
	c.Transport = grpctransport.New(grpctransport.Config{TLS: tlsConfig})
	c.Heartbeat = supervisor.Heartbeat{Attempts: attempts, Interval: interval}
	return supervisor.Start(ctx, c)
}

// tearDown ends what is left. Both servers are gone when the play went well: nobody takes the seats back then.
func (p *play) tearDown() {
	if p.rt != nil {
		soon, cancel := context.WithTimeout(context.Background(), interval)
		defer cancel()
		_ = p.rt.Close(soon)
	}
	for _, s := range []*licenseServer{p.s1, p.s2} {
		if s != nil {
			_ = s.stop()
		}
	}
}

// await waits until everything wanted was told, in any order; see label.
func (p *play) await(ctx context.Context, wanted ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	missing := make(map[string]bool, len(wanted))
	for _, w := range wanted {
		missing[w] = true
	}
	for len(missing) > 0 {
		select {
		case e := <-p.seen:
			delete(missing, label(e))
		case <-ctx.Done():
			return fmt.Errorf("within %s there was no %s", patience, join(missing))
		}
	}
	return nil
}
