// Server is a licence server on one page, for trying the other examples: 10 seats of cad and 4 of render, without TLS, on
// this machine only. Ctrl-C ends it. Started again, it still knows who holds which seats, by its ledger.
//
//	go run ./examples/server
//
// It logs where the ledger is, and then
//
//	INFO server serves address=127.0.0.1:6200 ... client_timeout=5m0s
//
// server/cmd/seatbeatd is the server for production.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

func main() {
	address := flag.String("address", "127.0.0.1:6200", "`host:port` to serve at")
	ledger := flag.String("ledger", filepath.Join(os.TempDir(), "seatbeat-example.ledger"), "`file` that keeps who holds which seats")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *address)
	if err == nil {
		slog.Info("leases are kept in a file", "ledger", *ledger)
		err = serve(ctx, listener, *ledger)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve grants seats until ctx ends. Then it tells clients to come back later, and closes the ledger.
func serve(ctx context.Context, listener net.Listener, ledger string) error {
	srv, err := server.New(server.Config{
		Ledger: bolt.New(ledger), // a file, for one server at a time
		Features: []license.Feature{
			{Name: "cad", Version: messages.V(2, 1), Seats: 10},
			{Name: "render", Version: messages.V(1, 0), Seats: 4, Expires: time.Now().AddDate(0, 0, 30)},
		},
		Insecure: true, // in production: TLS, with ClientAuth: tls.RequireAndVerifyClientCert
		Logger:   slog.Default(),
	})
	if err != nil {
		return err
	}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		soon, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- srv.Stop(soon)
	})
	if err := srv.Serve(listener); err != nil {
		return err
	}
	return <-stopped // Stop has closed the ledger
}
