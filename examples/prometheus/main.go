// Prometheus is a service with metrics for Prometheus. It shows how to export the metrics of seatbeat with those of the
// service: the service makes an OpenTelemetry MeterProvider and passes it to the runtime. It works the same way with any
// other exporter.
//
//	go run ./examples/server                       # in one terminal
//	go run ./examples/prometheus                   # in another
//	curl -s localhost:9464/metrics | grep seatbeat
//
// The last command prints, among others,
//
//	seatbeat_features{seatbeat_feature_state="Held"} 1
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:9464")
	if err == nil {
		servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
		err = serve(ctx, listener, servers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve holds a seat and exports metrics until ctx or the licence ends.
func serve(ctx context.Context, listener net.Listener, servers transport.Transport) (err error) {
	registry := prometheus.NewRegistry() // for the metrics of the service, too
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	defer func() { err = errors.Join(err, within(meters.Shutdown)) }()
	web := &http.Server{Handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(listener) }()
	defer func() { err = errors.Join(err, within(web.Shutdown)) }()

	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport:     servers,
		Servers:       []transport.Address{"127.0.0.1:6200"},
		Heartbeat:     supervisor.Heartbeat{Attempts: 5, Interval: 30 * time.Second},
		DownLimit:     supervisor.DownLimit{Max: 10}, // without a limit, outages are not counted
		Callbacks:     supervisor.Callbacks{OnExit: func(messages.Exited) { /* serve ends by license.Done */ }},
		MeterProvider: meters,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, within(rt.Close)) }()
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)})
	if err != nil {
		return err
	}
	select { // the work goes here
	case <-license.Done():
		return license.Err()
	case <-ctx.Done():
		return nil
	}
}

// within calls end with a new context, since the context of the service may have ended by now.
func within(end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return end(ctx)
}
