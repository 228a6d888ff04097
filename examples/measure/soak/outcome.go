//go:build unix

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// outcome is what a soak has found.
type outcome struct {
	features                int
	pauses, restarts, kills int // of the server

	server struct {
		fresh  usage // without clients
		before usage // with all features held, before the first disturbance
		after  usage // with all features held, after the last one
		left   usage // after all clients were closed
		used   int   // seats in use then
	}
	clients struct{ before, after, left []clientReport } // at the same times

	ledgerHeld int // leases in the ledger with all features held
	ledgerLeft int // leases in the ledger after all clients were closed
}

// serverHeap returns how much the heap of the server may grow.
func (o *outcome) serverHeap() int64 { return serverHeap + int64(o.features)*tableHeapByFeature }

func (o *outcome) disturbances() string {
	return fmt.Sprintf("server paused %d, restarted %d, killed %d times", o.pauses, o.restarts, o.kills)
}

// leaksWhileHeld compares what the processes use with all features held, before and after the disturbances.
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

// leaksWhenClosed compares what the processes use before any feature was held, and after all clients were closed.
func (o *outcome) leaksWhenClosed() (leaks []string) {
	if o.server.left.leaked(o.server.fresh, o.serverHeap()) {
		leaks = append(leaks, fmt.Sprintf("the server, with all clients closed: %s", grown(o.server.fresh, o.server.left)))
	}
	for i, c := range o.clients.left {
		if c.usage.leaked(c.Before, closedHeap) || c.Goroutines > c.Before.Goroutines {
			leaks = append(leaks, fmt.Sprintf("client %d, closed: %s", i, grown(c.Before, c.usage)))
		}
	}
	return leaks
}

// seatLeaks compares seats and leases with what they must be.
func (o *outcome) seatLeaks() (leaks []string) {
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"leases in the ledger with all features held", o.ledgerHeld, o.features},
		{"seats in use with all clients closed", o.server.used, 0},
		{"leases in the ledger with all clients closed", o.ledgerLeft, 0},
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

// write prints the figures. An error says what leaked.
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
		opt.duration, opt.seed, o.disturbances())
	fmt.Fprintf(&b, "%s checkouts; %s licences lost and checked out again; features given up %s times.\n", figures.Grouped(sum.Checkouts),
		figures.Grouped(sum.Lost), figures.Grouped(sum.Exits))
	fmt.Fprintf(&b, "All features held: server %s;\n", grown(o.server.before, o.server.after))
	fmt.Fprintf(&b, "  the largest client %s.\n", grown(o.clients.before[worstHeld].usage, o.clients.after[worstHeld].usage))
	fmt.Fprintf(&b, "All clients closed: server %s;\n", grown(o.server.fresh, o.server.left))
	fmt.Fprintf(&b, "  the largest client %s.\n", grown(o.clients.left[worstClosed].Before, o.clients.left[worstClosed].usage))
	fmt.Fprintf(&b, "Leases in the ledger: %s with all features held, %s with all clients closed.\n",
		figures.Grouped(o.ledgerHeld), figures.Grouped(o.ledgerLeft))
	leaks := append(append(o.leaksWhileHeld(), o.leaksWhenClosed()...), o.seatLeaks()...)
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
