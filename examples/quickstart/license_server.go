package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport"
)

// clientTimeout is how long a lease lives without a heartbeat. Five minutes is usual.
const clientTimeout = 15 * time.Second

// licenseServer is a licence server that can be stopped and started again. It keeps its address, and its ledger until
// loseLedger.
type licenseServer struct {
	name    string
	address transport.Address
	config  server.Config
	running *server.Server      // nil while it is stopped
	serving int                 // how many listeners are served
	served  chan error          // gets the result of each Serve
	users   map[[16]byte]string // by the instance of their runtime
}

func newLicenseServer(name string, tlsConfig *tls.Config) *licenseServer {
	return &licenseServer{
		name:    name,
		address: "127.0.0.1:0", // the system chooses a port, which listen keeps
		config: server.Config{
			Ledger:        &ledger.Memory{},
			Features:      []license.Feature{{Name: "cad", Version: messages.V(2, 1), Seats: 2}, {Name: "render", Version: messages.V(1, 0), Seats: 4}},
			ClientTimeout: clientTimeout,
			TLS:           tlsConfig,
		},
		users: map[[16]byte]string{},
	}
}

// start loads the ledger and serves clients at the server's address.
func (s *licenseServer) start() error {
	if err := s.load(); err != nil {
		return err
	}
	return s.listen()
}

// load starts the server, without serving anybody yet.
func (s *licenseServer) load() error {
	running, err := server.New(s.config)
	if err != nil {
		return err
	}
	s.running, s.served, s.serving = running, make(chan error, 2), 0
	return nil
}

// listen serves clients at the server's address.
func (s *licenseServer) listen() (err error) {
	s.address, err = s.listenAt(s.address)
	return err
}

// listenAt serves clients at one more address, and returns it with its port.
func (s *licenseServer) listenAt(address transport.Address) (transport.Address, error) {
	listener, err := net.Listen("tcp", string(address))
	if err != nil {
		return address, fmt.Errorf("start licence server: %w", err)
	}
	s.serving++
	go func(running *server.Server, served chan<- error) { served <- running.Serve(listener) }(s.running, s.served)
	return transport.Address(listener.Addr().String()), nil
}

// stop ends the server as a crash would: connections are cut, and clients are not warned.
func (s *licenseServer) stop() error {
	if s.running == nil {
		return nil
	}
	atOnce, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.running.Stop(atOnce)
	for ; s.serving > 0 && err == nil; s.serving-- {
		err = <-s.served
	}
	s.running = nil
	return err
}

// loseLedger makes the next start begin with an empty ledger.
func (s *licenseServer) loseLedger() { s.config.Ledger = &ledger.Memory{} }

// pool is the seats of one feature.
type pool struct {
	feature string
	holders []string // of each seat, its user; empty for a free seat
}

// pools returns who holds which seats, nil while the server is stopped.
func (s *licenseServer) pools(ctx context.Context) ([]pool, error) {
	if s.running == nil {
		return nil, nil
	}
	page, err := s.running.Holders(ctx, server.HoldersQuery{})
	if err != nil {
		return nil, err
	}
	pools := make([]pool, len(s.config.Features))
	for i, f := range s.config.Features {
		var holders []string
		for _, lease := range page.Leases {
			if lease.Feature == f.Name {
				holders = append(holders, slices.Repeat([]string{s.user(lease)}, lease.Count)...)
			}
		}
		slices.Sort(holders) // leases come in no particular order
		pools[i] = pool{feature: f.Name, holders: append(holders, make([]string, max(0, f.Seats-len(holders)))...)}
	}
	return pools, nil
}

// user returns who holds a lease. A server that was restarted knows only the instance until the client names itself again.
func (s *licenseServer) user(lease server.Lease) string {
	if lease.User != "" {
		s.users[lease.Holder.Instance] = lease.User
	}
	return s.users[lease.Holder.Instance]
}
