//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// outcome is what came of a soak.
type outcome struct {
	features                int
	told                    time.Time // when progress was
	pauses, restarts, kills int

	server struct {
		fresh, before, after, left usage // without clients; all held, at first and at the end; all clients gone
		used                       int   // seats, when all clients are gone
	}
	clients struct{ before, after, left []clientReport } // all held, at first and at the end; closed

	ledgerHeld, ledgerLeft int // leases in the ledger: all held, and all clients gone
}

func (o *outcome) serverHeap() int64 { return serverHeap + int64(o.features)*tableHeapByFeature }

func (o *outcome) lives() string {
	return fmt.Sprintf("server paused %d, restarted %d, killed %d times", o.pauses, o.restarts, o.kills)
}

// compare waits until everything is held again, and notes what the processes need now.
func (s *soak) compare(ctx context.Context) error {
	if _, err := s.askClients(doRest); err != nil {
		return err
	}
	if err := s.allHeld(ctx); err != nil {
		return err
	}
	return s.settled(ctx, func() (leaked bool, err error) {
		held, err := s.askServer()
		if err != nil {
			return false, err
		}
		s.outcome.server.after = held.usage
		s.outcome.clients.after, err = s.askClients(doReport)
		return len(s.outcome.leaksWhileHeld()) > 0, err
	})
}

// audit ends the server, looks into its ledger, and starts it once more.
func (s *soak) audit(ctx context.Context) (err error) {
	if err := s.server.End(); err != nil {
		return err
	}
	if s.outcome.ledgerHeld, err = s.inLedger(); err != nil {
		return err
	}
	if err := s.serve(ctx); err != nil {
		return err
	}
	return s.allHeld(ctx)
}

// finish closes the clients, and looks at what is left of them.
func (s *soak) finish(ctx context.Context) (err error) {
	err = s.settled(ctx, func() (leaked bool, err error) {
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
	for _, c := range s.clients {
		err = errors.Join(err, c.End())
	}
	if err = errors.Join(err, s.server.End()); err != nil {
		return err
	}
	s.outcome.ledgerLeft, err = s.inLedger()
	return err
}

// settled looks until nothing seems to leak any more, for some time: what ends does not end at once, and for two client
// timeouts the server remembers what ended.
func (s *soak) settled(ctx context.Context, look func() (leaked bool, err error)) error {
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

func (o *outcome) leaksWhileHeld() (leaks []string) {
	if o.server.after.leaked(o.server.before, o.serverHeap()) {
		leaks = append(leaks, fmt.Sprintf("the server, with all features held: %s", grown(o.server.before, o.server.after)))
	}
	for i := range o.clients.after {
		if before, after := o.clients.before[i].usage, o.clients.after[i].usage; after.leaked(before, clientHeap) {
			leaks = append(leaks, fmt.Sprintf("client %d, with all features held: %s", i, grown(before, after)))
		}
	}
	return leaks
}

func (o *outcome) leaksWhenClosed() (leaks []string) {
	if o.server.left.leaked(o.server.fresh, o.serverHeap()) {
		leaks = append(leaks, fmt.Sprintf("the server, with all clients gone: %s", grown(o.server.fresh, o.server.left)))
	}
	for i, c := range o.clients.left {
		if c.usage.leaked(c.Before, closedHeap) || c.Goroutines > c.Before.Goroutines {
			leaks = append(leaks, fmt.Sprintf("client %d, closed: %s", i, grown(c.Before, c.usage)))
		}
	}
	return leaks
}

func (o *outcome) seats() (leaks []string) {
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"leases in the ledger with all features held", o.ledgerHeld, o.features},
		{"seats in use with all clients gone", o.server.used, 0},
		{"leases in the ledger with all clients gone", o.ledgerLeft, 0},
	} {
		if c.got != c.want {
			leaks = append(leaks, fmt.Sprintf("%s: %d instead of %d", c.what, c.got, c.want))
		}
	}
	return leaks
}

func grown(before, after usage) string {
	return fmt.Sprintf("%d goroutines, before %d; heap %s KB, before %s KB", after.Goroutines, before.Goroutines,
		figures.Grouped(after.Heap>>10), figures.Grouped(before.Heap>>10))
}

// write prints the figures. The error says what leaked.
func (o *outcome) write(out io.Writer, opt options) error {
	var sum clientReport
	worstHeld, worstClosed := 0, 0
	for i, c := range o.clients.left {
		sum.Checkouts, sum.Lost, sum.Exits = sum.Checkouts+c.Checkouts, sum.Lost+c.Lost, sum.Exits+c.Exits
		if o.clients.after[i].Heap > o.clients.after[worstHeld].Heap {
			worstHeld = i
		}
		if c.Heap > o.clients.left[worstClosed].Heap {
			worstClosed = i
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s features, %d client processes, %s, seed %d: %s;\n", figures.Grouped(opt.features), opt.clients,
		opt.duration, opt.seed, o.lives())
	fmt.Fprintf(&b, "%s checkouts; %s licences lost and taken again; features given up %s times.\n", figures.Grouped(sum.Checkouts),
		figures.Grouped(sum.Lost), figures.Grouped(sum.Exits))
	fmt.Fprintf(&b, "All features held: server %s;\n", grown(o.server.before, o.server.after))
	fmt.Fprintf(&b, "  the largest client %s.\n", grown(o.clients.before[worstHeld].usage, o.clients.after[worstHeld].usage))
	fmt.Fprintf(&b, "All clients closed: server %s;\n", grown(o.server.fresh, o.server.left))
	fmt.Fprintf(&b, "  the largest client %s.\n", grown(o.clients.left[worstClosed].Before, o.clients.left[worstClosed].usage))
	fmt.Fprintf(&b, "Leases in the ledger: %s with all features held, %s with all clients closed.\n",
		figures.Grouped(o.ledgerHeld), figures.Grouped(o.ledgerLeft))
	leaks := append(append(o.leaksWhileHeld(), o.leaksWhenClosed()...), o.seats()...)
	if len(leaks) == 0 {
		b.WriteString("Nothing leaked: no goroutine, no memory, no seat.\n")
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if len(leaks) > 0 {
		return fmt.Errorf("leaked:\n  %s", strings.Join(leaks, "\n  "))
	}
	return nil
}
