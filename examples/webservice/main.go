// Webservice is an HTTP service that holds a seat of render while it serves. It shows the order of a shutdown: on SIGTERM,
// and when the licence ends, it accepts no new requests, answers the requests under way while heartbeats keep the seat,
// gives the seat back, and exits.
//
//	go run ./examples/server       # in one terminal
//	go run ./examples/webservice   # in another
//	curl localhost:8080/healthz    # prints the licence as JSON: {"id":1,"feature":"render",...,"state":"Held",...}
//	curl localhost:8080/render     # prints "rendered" after 10 s, even if you press Ctrl-C in the meantime
//
// It logs what happens to its licence: stop the server and start it again to see that.
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

// Time limits of the shutdown. Whoever sends SIGTERM must wait for longer than both together before SIGKILL.
const (
	drainTime   = 5 * time.Minute  // to answer the requests under way
	checkinTime = 10 * time.Second // to give the seat back
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

// serve answers requests until ctx ends or the licence does. The end of ctx is no error.
func serve(ctx context.Context, listener net.Listener, servers transport.Transport, work http.Handler) (err error) {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* serve ends by license.Done */ }},
		Logger:    slog.Default(),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, within(checkinTime, rt.Close)) }() // deferred first, so called last: heartbeats keep the seat until then
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	web := &http.Server{Handler: routes(license, work), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err := <-served:
		return err // the listener failed
	case <-ctx.Done():
	case <-license.Done():
		err = license.Err()
	}
	return errors.Join(err, drain(web))
}

// drain waits for the requests under way, and cuts off those that take longer than drainTime.
func drain(web *http.Server) error {
	err := within(drainTime, web.Shutdown)
	if err != nil {
		_ = web.Close()
	}
	return err
}

// within calls end with a new context, since the context of the service may have ended by now.
func within(d time.Duration, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return end(ctx)
}
