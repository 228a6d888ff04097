//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

const (
	roleServer = "server"
	feature    = "f"
)

// serverSetup is the setup of a server.
type serverSetup struct {
	Folder, Ledger, Address string
	Seats                   int
	ClientTimeout           time.Duration
}

// serverReport is the answer of a server to every order.
type serverReport struct {
	Used   int // seats in use
	Leases int
	usage
}

// newServerRole starts a licence server with a durable ledger and mutual TLS. When it is told to end, it drains.
func newServerRole(text json.RawMessage) (answer func(json.RawMessage) (any, error), end func() error, err error) {
	var s serverSetup
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, nil, fmt.Errorf("read setup: %w", err)
	}
	config, err := devcert.Server(s.Folder)
	if err != nil {
		return nil, nil, err
	}
	srv, err := server.New(server.Config{
		Ledger:        bolt.New(s.Ledger),
		Features:      []license.Feature{{Name: feature, Version: messages.V(1, 0), Seats: s.Seats}},
		ClientTimeout: s.ClientTimeout,
		TLS:           config,
	})
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		return nil, nil, errors.Join(err, srv.Stop(context.Background()))
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	answer = func(json.RawMessage) (any, error) {
		status, err := srv.Status(context.Background())
		if err != nil {
			return nil, err
		}
		return serverReport{Used: status.Features[0].Used, Leases: status.Leases, usage: used()}, nil
	}
	end = func() error {
		soon, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return errors.Join(srv.Stop(soon), <-served)
	}
	return answer, end, nil
}
