//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
	"github.com/seatbeat/seatbeat/server"
)

// soak is one run. One goroutine does all of it.
type soak struct {
	options options
	tell    *log.Logger
	rng     *rand.Rand
	began   time.Time
	folder  string
	setup   serverSetup
	server  *role.Process
	clients []*role.Process
	outcome outcome
}

// soakFor runs a soak and prints what came of it. The error is that something leaked, or that it could not be done.
func soakFor(ctx context.Context, o options, out io.Writer, tell *log.Logger) (err error) {
	s := &soak{options: o, tell: tell, rng: rand.New(rand.NewPCG(o.seed, 0)), began: time.Now()}
	s.outcome.features = o.features
	if s.folder, err = os.MkdirTemp("", "seatbeat-soak-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	ctx, cancel := context.WithCancel(ctx)
	defer s.end()
	defer cancel() // first: it kills the processes, the paused one too
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

// end waits for the processes that ctx killed.
func (s *soak) end() {
	for _, p := range append(s.clients, s.server) {
		if p != nil {
			p.Kill()
		}
	}
}

// start starts everything, and notes what a process needs once all features are held.
func (s *soak) start(ctx context.Context) error {
	address, err := freeAddress()
	if err == nil {
		err = devcert.Write(s.folder)
	}
	if err != nil {
		return err
	}
	s.setup = serverSetup{s.folder, filepath.Join(s.folder, "ledger"), address, s.options.features, s.options.clientTimeout}
	if err := s.serve(ctx); err != nil {
		return err
	}
	fresh, err := s.askServer()
	if err != nil {
		return err
	}
	s.outcome.server.fresh = fresh.usage
	for i := range s.options.clients {
		share := s.options.features*(i+1)/s.options.clients - s.options.features*i/s.options.clients
		client, err := role.Start(ctx, roleClient, clientSetup{s.folder, address, share, s.options.clientTimeout / 3})
		if err != nil {
			return err
		}
		s.clients = append(s.clients, client)
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

// freeAddress returns an address on loopback that nobody uses: the server keeps it over its restarts.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// serve begins a life of the server.
func (s *soak) serve(ctx context.Context) error {
	server, err := role.Start(ctx, roleServer, s.setup)
	if err == nil {
		s.server = server
	}
	return err
}

// askServer must not be called while it is paused.
func (s *soak) askServer() (r serverReport, err error) {
	err = s.server.Ask(doReport, &r)
	return r, err
}

func (s *soak) askClients(order string) ([]clientReport, error) {
	reports := make([]clientReport, len(s.clients))
	for i, c := range s.clients {
		if err := c.Ask(order, &reports[i]); err != nil {
			return nil, fmt.Errorf("client %d: %w", i, err)
		}
	}
	return reports, nil
}

// allHeld waits until the clients hold every seat that there is. That they get them shows that none has leaked: there
// are as many seats as features.
func (s *soak) allHeld(ctx context.Context) error {
	limit := 30*time.Second + 6*s.options.clientTimeout
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if err := s.pass(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		reports, err := s.askClients(doReport)
		if err != nil {
			return err
		}
		if held, known := total(reports); held == s.options.features && known == held {
			return nil
		}
	}
	reports, err := s.askClients(doReport)
	if err != nil {
		return err
	}
	held, known := total(reports)
	used, err := s.askServer()
	return errors.Join(err, fmt.Errorf("seats leaked: of %d features %d are held %s after the last disturbance, the runtimes know of %d, and the server has given %d seats away",
		s.options.features, held, limit, known, used.Used))
}

func total(reports []clientReport) (held, known int) {
	for _, r := range reports {
		held, known = held+r.Held, known+r.Known
	}
	return held, known
}

// pass lets time pass, and tells how it goes.
func (s *soak) pass(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ; {
		if time.Since(s.outcome.told) > 5*time.Second {
			s.outcome.told = time.Now()
			reports, err := s.askClients(doReport)
			if err != nil {
				return err
			}
			held, _ := total(reports)
			s.tell.Printf("%s of %s: %s of %s features held; %s", time.Since(s.began).Round(time.Second), s.options.duration,
				figures.Grouped(held), figures.Grouped(s.options.features), s.outcome.lives())
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

// inLedger is how many leases the ledger of the server, which does not run, holds.
func (s *soak) inLedger() (int, error) {
	report, err := server.CheckBoltLedger(s.setup.Ledger)
	return report.Leases, err
}
