//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// soak is one run. It is for one goroutine.
type soak struct {
	*processes
	options options
	tell    *log.Logger
	rng     *rand.Rand
	began   time.Time
	told    time.Time // when progress was last printed
	outcome outcome
}

// soakFor runs a soak and prints the outcome. An error says what leaked, or why the soak could not be done.
func soakFor(ctx context.Context, o options, out io.Writer, tell *log.Logger) (err error) {
	p, err := newProcesses(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.remove()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer p.kill()
	defer cancel() // first, since it kills a paused server, too
	s := &soak{
		processes: p, options: o, tell: tell, rng: rand.New(rand.NewPCG(o.seed, 0)), began: time.Now(),
		outcome: outcome{features: o.features},
	}
	for _, phase := range []func(context.Context) error{s.start, s.disturb, s.compare, s.audit, s.finish} {
		if err = phase(ctx); ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			return err
		}
	}
	return s.outcome.write(out, o)
}

// start starts all processes, and notes what each uses when all features are held.
func (s *soak) start(ctx context.Context) error {
	if err := s.startServer(ctx); err != nil {
		return err
	}
	fresh, err := s.askServer()
	if err != nil {
		return err
	}
	s.outcome.server.fresh = fresh.usage
	if err := s.startClients(ctx); err != nil {
		return err
	}
	if err := s.allHeld(ctx); err != nil {
		return err
	}
	held, err := s.askServer()
	if err != nil {
		return err
	}
	s.outcome.server.before = held.usage
	s.outcome.clients.before, err = s.askClients(doReport)
	return err
}

// disturb pauses, restarts and kills the server at random. In the last third it only pauses the server: that incarnation
// runs for long enough to show a leak.
func (s *soak) disturb(ctx context.Context) error {
	if _, err := s.askClients(doExchange); err != nil {
		return err
	}
	begin := time.Now()
	for time.Since(begin) < s.options.duration {
		if err := s.pass(ctx, s.between(0.3, 1.5)); err != nil {
			return err
		}
		kinds := []func(context.Context) error{s.pause, s.restart, s.crash}
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

// pause stops the server process for up to two client timeouts, and lets it go on.
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

// restart lets the server drain and end, and starts it again at once.
func (s *soak) restart(ctx context.Context) error {
	s.outcome.restarts++
	if err := s.server.End(); err != nil {
		return err
	}
	return s.startAgain(ctx)
}

// crash kills the server, and starts it again after up to two client timeouts.
func (s *soak) crash(ctx context.Context) error {
	s.outcome.kills++
	s.server.Kill()
	if err := s.pass(ctx, s.between(0, 2)); err != nil {
		return err
	}
	return s.startAgain(ctx)
}

// startAgain starts the server, unless its ledger is damaged or has more leases than there are seats.
func (s *soak) startAgain(ctx context.Context) error {
	leases, err := s.leasesInLedger()
	if err != nil {
		return err
	}
	if leases > s.options.features {
		return fmt.Errorf("the ledger has %d leases of %d seats", leases, s.options.features)
	}
	return s.startServer(ctx)
}

// compare waits until all features are held again, and notes what each process uses.
func (s *soak) compare(ctx context.Context) error {
	if _, err := s.askClients(doRest); err != nil {
		return err
	}
	if err := s.allHeld(ctx); err != nil {
		return err
	}
	return s.settle(ctx, func() (leaked bool, err error) {
		held, err := s.askServer()
		if err != nil {
			return false, err
		}
		s.outcome.server.after = held.usage
		s.outcome.clients.after, err = s.askClients(doReport)
		return len(s.outcome.leaksWhileHeld()) > 0, err
	})
}

// audit ends the server, counts the leases in its ledger, and starts it again.
func (s *soak) audit(ctx context.Context) (err error) {
	if err := s.server.End(); err != nil {
		return err
	}
	if s.outcome.ledgerHeld, err = s.leasesInLedger(); err != nil {
		return err
	}
	if err := s.startServer(ctx); err != nil {
		return err
	}
	return s.allHeld(ctx)
}

// finish closes the clients, notes what each process still uses, and ends all processes.
func (s *soak) finish(ctx context.Context) error {
	err := s.settle(ctx, func() (leaked bool, err error) {
		if s.outcome.clients.left, err = s.askClients(doClose); err != nil {
			return false, err
		}
		held, err := s.askServer()
		s.outcome.server.left, s.outcome.server.used = held.usage, held.Used
		return len(s.outcome.leaksWhenClosed()) > 0, err
	})
	if err != nil {
		return err
	}
	if err := s.endAll(); err != nil {
		return err
	}
	s.outcome.ledgerLeft, err = s.leasesInLedger()
	return err
}

// settle looks again and again until nothing seems to leak. It gives up, without an error, after a time in which goroutines
// end and the server forgets tombstones, which takes two client timeouts.
func (s *soak) settle(ctx context.Context, look func() (leaked bool, err error)) error {
	for end := time.Now().Add(10*time.Second + 3*s.options.clientTimeout); ; {
		leaked, err := look()
		if err != nil || !leaked || time.Now().After(end) {
			return err
		}
		if err := s.pass(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// allHeld waits until the clients hold every seat. There are as many seats as features: when each client gets its seats,
// none has leaked.
func (s *soak) allHeld(ctx context.Context) error {
	limit := 30*time.Second + 6*s.options.clientTimeout
	for end := time.Now().Add(limit); ; {
		if err := s.pass(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		reports, err := s.askClients(doReport)
		if err != nil {
			return err
		}
		held, known := total(reports)
		if held == s.options.features && known == held {
			return nil
		}
		if time.Now().After(end) {
			used, err := s.askServer()
			return errors.Join(err, fmt.Errorf("seats leaked: %s after the last disturbance, %d of %d features are held, the runtimes know of %d, and %d seats are in use at the server",
				limit, held, s.options.features, known, used.Used))
		}
	}
}

// pass lets time pass, and prints progress every five seconds.
func (s *soak) pass(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ; {
		if time.Since(s.told) > 5*time.Second {
			s.told = time.Now()
			reports, err := s.askClients(doReport)
			if err != nil {
				return err
			}
			held, _ := total(reports)
			s.tell.Printf("%s of %s: %s of %s features held; %s", time.Since(s.began).Round(time.Second), s.options.duration,
				figures.Grouped(held), figures.Grouped(s.options.features), s.outcome.disturbances())
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		select {
		case <-time.After(min(left, time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
