package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync/atomic"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

// feature is the feature of our server, with as many seats as there can be.
const feature = "f"

// serveSeats starts our licence server with a durable ledger and mutual TLS. Clients have no limits, since all features
// belong to one client.
func serveSeats(s setup) (count func() int64, stop func() error, err error) {
	config, err := devcert.Server(s.Folder)
	if err != nil {
		return nil, nil, err
	}
	const unlimited = 1 << 26
	srv, err := server.New(server.Config{
		Ledger:        bolt.New(filepath.Join(s.Folder, "ledger")),
		Features:      []license.Feature{{Name: feature, Version: messages.V(1, 0), Seats: license.MaxSeats}},
		ClientTimeout: lifetime * s.Interval,
		TLS:           config,
		Limits:        server.Limits{InFlight: unlimited, ClientLeases: unlimited, Rate: unlimited, Burst: unlimited},
	})
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		return nil, nil, errors.Join(err, srv.Stop(context.Background()))
	}
	var bytes atomic.Int64
	served := make(chan error, 1)
	go func() { served <- srv.Serve(countingListener{listener, &bytes}) }()
	stop = func() error {
		atOnce, cancel := context.WithCancel(context.Background())
		cancel()
		return errors.Join(srv.Stop(atOnce), <-served)
	}
	return bytes.Load, stop, nil
}
