// Embed is the smallest service that holds a seat: it needs one of cad while it runs. Start a server for it to talk to
// with "go run ./examples/server", in another terminal, and stop and start that one to see what happens.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
	if err := hold(ctx, servers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hold does the work of the service while it has a seat, and returns why the seat is gone, or nil when ctx ends.
func hold(ctx context.Context, servers transport.Transport) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200", "127.0.0.1:6201"}, // asked in this order
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* Done is closed, too */ }},
		Logger:    slog.Default(), // one record for each event
	})
	if err != nil {
		return err
	}
	defer shutDown(rt)
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "cad", Version: messages.V(2, 1)})
	if err != nil {
		return err
	}
	slog.Info("held", "server", license.Status().Server.Address)
	select { // the work goes here
	case <-license.Done():
		return license.Err() // errors.Is: messages.ErrLost, messages.ErrExited, ...
	case <-ctx.Done():
		return nil
	}
}

// shutDown gives the seats back. The context is not the service's, which has ended by now.
func shutDown(rt *supervisor.Runtime) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := rt.Close(ctx); err != nil {
		slog.Warn("the servers will free the seats themselves", "error", err)
	}
}
