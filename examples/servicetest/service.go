// Package servicetest shows how to test a service that embeds seatbeat. It is a small service, the studio, with tests in
// which hours pass in milliseconds. Copy from the tests.
//
//	go test -v ./examples/servicetest
//
// The studio lets visitors in, each with a seat of its own, and shows a visitor out whose licence has ended. Each test runs
// in a bubble of testing/synctest, where time is virtual, with fake licence servers in memory. It makes something happen to
// a server, lets time pass, and asserts what the studio did and what the server received.
package servicetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

// Studio is the service. It is safe for concurrent use; make it with Open and end it with Close.
type Studio struct {
	rt *supervisor.Runtime

	mu       sync.Mutex
	visitors map[string]*supervisor.License
}

// Open opens a studio. The transport is an argument, so that tests can pass a fake one; events may be nil.
func Open(ctx context.Context, servers transport.Transport, events func(messages.Event)) (*Studio, error) {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"lic1:6200", "lic2:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: time.Minute},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* visitors are shown out, the studio stays open */ }},
		OnEvent:   events,
	})
	if err != nil {
		return nil, fmt.Errorf("open studio: %w", err)
	}
	return &Studio{rt: rt, visitors: map[string]*supervisor.License{}}, nil
}

// Enter lets a visitor in. It fails if there is no seat for the visitor.
func (s *Studio) Enter(ctx context.Context, visitor string) error {
	license, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "studio"})
	if err != nil {
		return fmt.Errorf("no seat for %s: %w", visitor, err)
	}
	s.mu.Lock()
	s.visitors[visitor] = license
	s.mu.Unlock()
	go func() {
		<-license.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.visitors[visitor] == license { // the visitor may have left and entered again
			delete(s.visitors, visitor)
		}
	}()
	return nil
}

// Leave gives the seat of a visitor back. It does nothing for a visitor who is not inside.
func (s *Studio) Leave(ctx context.Context, visitor string) error {
	s.mu.Lock()
	license := s.visitors[visitor]
	s.mu.Unlock()
	if license == nil {
		return nil
	}
	return license.Checkin(ctx)
}

// Inside returns the number of visitors.
func (s *Studio) Inside() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.visitors)
}

// Close shows all visitors out and gives their seats back.
func (s *Studio) Close(ctx context.Context) error { return s.rt.Close(ctx) }
