// Package servicetest shows how to test a service that embeds seatbeat: a small service, and tests of it that let hours
// pass in milliseconds. Its tests are the thing to copy.
//
//	go test -v ./examples/servicetest
//
// The service lets visitors into a studio, each with a seat of its own, and shows them out when their seat is gone. The
// tests run in a bubble of testing/synctest, where time is virtual, against a network of fake licence servers: they say
// what happens to a server, let time pass, and claim what the service did, and what it said to the server.
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

// Open opens a studio. The transport is an argument so that tests can give it theirs; events may be nil.
func Open(ctx context.Context, servers transport.Transport, events func(messages.Event)) (*Studio, error) {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"lic1:6200", "lic2:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: time.Minute},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* the visitors leave, the studio stays open */ }},
		OnEvent:   events,
	})
	if err != nil {
		return nil, fmt.Errorf("open studio: %w", err)
	}
	return &Studio{rt: rt, visitors: map[string]*supervisor.License{}}, nil
}

// Enter lets a visitor in who gets a seat.
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
		if s.visitors[visitor] == license { // and not one that the visitor got since
			delete(s.visitors, visitor)
		}
	}()
	return nil
}

// Leave gives a visitor's seat back. It is no fault if the visitor is out already.
func (s *Studio) Leave(ctx context.Context, visitor string) error {
	s.mu.Lock()
	license := s.visitors[visitor]
	s.mu.Unlock()
	if license == nil {
		return nil
	}
	return license.Checkin(ctx)
}

// Inside returns how many visitors are in.
func (s *Studio) Inside() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.visitors)
}

// Close shows everybody out and gives all seats back.
func (s *Studio) Close(ctx context.Context) error { return s.rt.Close(ctx) }
