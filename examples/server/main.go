// Server is a licence server in one page: two features, no TLS, on this machine only, and nothing kept when it ends. It is
// for trying the other examples.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

func main() {
	address := "127.0.0.1:6200"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve grants seats until ctx ends.
func serve(ctx context.Context, address string) error {
	srv, err := server.New(server.Config{
		Ledger: &server.MemoryLedger{}, // forgets every lease when the process ends
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
	context.AfterFunc(ctx, func() {
		soon, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.Stop(soon) // Serve returns what went wrong
	})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return srv.Serve(listener)
}
