//go:build unix

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// disturb restarts, pauses and kills the server at random. In the last third it only pauses it: that life of the server
// is long enough for a leak to show.
func (s *soak) disturb(ctx context.Context) error {
	if _, err := s.askClients(doExchange); err != nil {
		return err
	}
	begin := time.Now()
	for time.Since(begin) < s.options.duration {
		if err := s.pass(ctx, s.between(0.3, 1.5)); err != nil {
			return err
		}
		kinds := []func(context.Context) error{s.pause, s.restart, s.kill}
		if time.Since(begin) > s.options.duration*2/3 {
			kinds = kinds[:1]
		}
		if err := kinds[s.rng.IntN(len(kinds))](ctx); err != nil {
			return err
		}
	}
	return nil
}

// between draws a time, in client timeouts.
func (s *soak) between(least, most float64) time.Duration {
	return time.Duration((least + s.rng.Float64()*(most-least)) * float64(s.options.clientTimeout))
}

// pause stops the server where it is, for up to two client timeouts. Then nobody who kept beating may lose a seat.
func (s *soak) pause(ctx context.Context) error {
	s.outcome.pauses++
	if err := s.server.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("pause the server: %w", err)
	}
	if err := s.pass(ctx, s.between(0, 2)); err != nil {
		return err
	}
	if err := s.server.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("continue the server: %w", err)
	}
	return nil
}

// restart ends the server in good order and starts it again at once.
func (s *soak) restart(ctx context.Context) error {
	s.outcome.restarts++
	if err := s.server.End(); err != nil {
		return err
	}
	return s.again(ctx)
}

// kill ends the server as a crash would; it stays away for up to two client timeouts.
func (s *soak) kill(ctx context.Context) error {
	s.outcome.kills++
	s.server.Kill()
	if err := s.pass(ctx, s.between(0, 2)); err != nil {
		return err
	}
	return s.again(ctx)
}

// again starts the server that ended, unless its ledger is damaged or has more leases than there are seats.
func (s *soak) again(ctx context.Context) error {
	leases, err := s.inLedger()
	if err != nil {
		return err
	}
	if leases > s.options.features {
		return fmt.Errorf("the ledger has %d leases of %d seats", leases, s.options.features)
	}
	return s.serve(ctx)
}
