package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport"
)

// licenseServer is one licence server of the play, over all its lives. It keeps its address, and what it granted as long
// as it keeps its ledger.
type licenseServer struct {
	address transport.Address
	config  server.Config
	life    *server.Server // nil while it is stopped
	served  chan error     // one result of each Serve of this life
	serving int
}

func newLicenseServer(tlsConfig *tls.Config) *licenseServer {
	return &licenseServer{
		address: "127.0.0.1:0", // the system chooses a port, which is kept from then on
		config: server.Config{
			Ledger:        &server.MemoryLedger{},
			Features:      []server.Feature{{Name: "cad", Version: messages.V(2, 1), Seats: 2}, {Name: "render", Version: messages.V(1, 0), Seats: 4}},
			ClientTimeout: 15 * time.Second, // five minutes is usual
			TLS:           tlsConfig,
		},
	}
}

// boot begins a life of the server, which does not listen yet.
func (s *licenseServer) boot() error {
	life, err := server.New(s.config)
	if err != nil {
		return err
	}
	s.life, s.served, s.serving = life, make(chan error, 2), 0
	return nil
}

// listen serves clients at the server's address.
func (s *licenseServer) listen() error {
	address, err := s.listenAt(s.address)
	s.address = address
	return err
}

// listenAt serves clients at one more address.
func (s *licenseServer) listenAt(address transport.Address) (transport.Address, error) {
	listener, err := net.Listen("tcp", string(address))
	if err != nil {
		return address, fmt.Errorf("start licence server: %w", err)
	}
	s.serving++
	go func(life *server.Server, served chan<- error) { served <- life.Serve(listener) }(s.life, s.served)
	return transport.Address(listener.Addr().String()), nil
}

func (s *licenseServer) start() error {
	if err := s.boot(); err != nil {
		return err
	}
	return s.listen()
}

// stop ends the life as a crash would: connections are cut, nobody is told.
func (s *licenseServer) stop() error {
	if s.life == nil {
		return nil
	}
	atOnce, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.life.Stop(atOnce)
	for ; s.serving > 0 && err == nil; s.serving-- {
		err = <-s.served
	}
	s.life = nil
	return err
}

// loseLedger makes the next life know nothing of this one.
func (s *licenseServer) loseLedger() { s.config.Ledger = &server.MemoryLedger{} }
