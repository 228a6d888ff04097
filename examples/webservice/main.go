// Webservice is an HTTP service that holds a seat while it serves. On SIGTERM it takes no new requests, keeps the seat
// alive while those under way are answered, gives the seat back, and ends. It does the same when the licence is gone.
//
//	go run ./examples/server       # in one terminal
//	go run ./examples/webservice   # in another
//	curl localhost:8080/healthz    # what the licence is, as JSON
//	curl localhost:8080/render     # takes some seconds: press Ctrl-C meanwhile, and it is answered nevertheless
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// Times of the end. The platform must wait for longer than both together before it kills the process.
const (
	drainTime   = 5 * time.Minute  // for requests under way
	checkinTime = 10 * time.Second // for giving the seat back
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
		err = serve(ctx, listener, servers, http.HandlerFunc(render))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers requests until ctx ends, which is no error, or the license is gone.
func serve(ctx context.Context, listener net.Listener, servers transport.Transport, work http.Handler) (err error) {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* Done is closed, too */ }},
		Logger:    slog.Default(),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, within(checkinTime, rt.Close)) }() // last: until then the seat is beaten
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	web := &http.Server{Handler: routes(license, work), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err := <-served:
		return err // the listener broke
	case <-ctx.Done():
	case <-license.Done():
		err = license.Err()
	}
	return errors.Join(err, drain(web))
}

// drain waits for the requests under way. Those that take too long are cut off.
func drain(web *http.Server) error {
	err := within(drainTime, web.Shutdown)
	if err != nil {
		_ = web.Close()
	}
	return err
}

// within calls what ends something, with a context of its own: that of the service has ended by now.
func within(d time.Duration, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return end(ctx)
}
