package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport"
)

// ownFeature is the feature of the own server, with as many seats as there can be.
const ownFeature = "f"

// ownServer is a licence server in this process. It differs from one in production by throw-away certificates, and by
// clients without limits.
type ownServer struct {
	address transport.Address
	client  *tls.Config
	ledger  string
	folder  string // of certificates and ledger; stop removes it
	server  *server.Server
	served  chan error
}

// startOwn starts a server on a free port.
func startOwn(o options) (s *ownServer, err error) {
	s = &ownServer{ledger: o.ledger, served: make(chan error, 1)}
	if s.folder, err = os.MkdirTemp("", "seatbeat-load-"); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	if s.ledger == "" {
		s.ledger = filepath.Join(s.folder, "ledger")
	}
	if err = s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a server: %w", err), os.RemoveAll(s.folder))
	}
	return s, nil
}

func (s *ownServer) start() error {
	if err := devcert.Write(s.folder); err != nil {
		return err
	}
	serverTLS, err := devcert.Server(s.folder)
	if err != nil {
		return err
	}
	if s.client, err = devcert.Client(s.folder); err != nil {
		return err
	}
	const unlimited = 1 << 26
	s.server, err = server.New(server.Config{
		Ledger:   bolt.New(s.ledger),
		Features: []license.Feature{{Name: ownFeature, Version: messages.V(1, 0), Seats: license.MaxSeats}},
		TLS:      serverTLS,
		Limits:   server.Limits{InFlight: unlimited, ClientLeases: unlimited, Rate: unlimited, Burst: unlimited},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, s.server.Stop(context.Background()))
	}
	s.address = transport.Address(listener.Addr().String())
	go func() { s.served <- s.server.Serve(listener) }()
	return nil
}

// stop stops the server and removes its folder.
func (s *ownServer) stop() error {
	err := s.server.Stop(context.Background())
	return errors.Join(err, <-s.served, os.RemoveAll(s.folder))
}
