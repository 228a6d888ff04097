// Server is a licence server in one page: two features, without TLS, on this machine only. It is for trying the other
// examples. Ctrl-C ends it; started again, it still knows who holds which seats.
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
)

func main() {
	address := flag.String("address", "127.0.0.1:6200", "`host:port` to serve at")
	ledger := flag.String("ledger", filepath.Join(os.TempDir(), "seatbeat-example.ledger"), "`file` that keeps who holds which seats")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *address)
	if err == nil {
		slog.Info("leases are kept", "ledger", *ledger)
		err = serve(ctx, listener, *ledger)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve grants seats until ctx ends.
func serve(ctx context.Context, listener net.Listener, ledger string) error {
	srv, err := server.New(server.Config{
		Ledger: server.NewBoltLedger(ledger), // a file; one server uses it at a time
		Features: []server.Feature{
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
	return <-stopped // the ledger is closed then
}
