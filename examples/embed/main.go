// Embed is the smallest service that holds a seat: it needs one seat of cad while it runs. Licence servers know it by its
// certificate, and it knows them by their authority:
//
//	go run ./examples/embed -cert service.pem -key service.key -ca ca.pem
//
// To try it on one machine without certificates, start "go run ./examples/server" in another terminal, and then:
//
//	go run ./examples/embed -insecure
package main

import (
	"context"
	"flag"
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
	cert := flag.String("cert", "service.pem", "`file` with the certificate of this service")
	key := flag.String("key", "service.key", "`file` with its private key")
	ca := flag.String("ca", "ca.pem", "`file` with the authority that signs the servers' certificates")
	insecure := flag.Bool("insecure", false, "use no TLS: only to try it on this machine")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := grpctransport.Config{Insecure: true}, error(nil)
	if !*insecure {
		config, err = mutualTLS(*cert, *key, *ca)
	}
	if err == nil {
		err = hold(ctx, grpctransport.New(config))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mutualTLS shows servers the certificate of this service, and trusts only servers whose certificate ca has signed. When a
// file is replaced, later connections use the new one.
func mutualTLS(cert, key, ca string) (grpctransport.Config, error) {
	files, err := grpctransport.LoadTLS(grpctransport.TLSFiles{Cert: cert, Key: key, CA: ca})
	return grpctransport.Config{Files: files}, err
}

// hold does the work of the service while it has a seat. It returns why the seat is gone, or nil when ctx ends.
func hold(ctx context.Context, servers transport.Transport) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200", "127.0.0.1:6201"}, // in search order
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* Done is closed as well */ }},
		Logger:    slog.Default(), // one record per event
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

// shutDown returns the seats. It has a context of its own, because that of the service has ended by now.
func shutDown(rt *supervisor.Runtime) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := rt.Close(ctx); err != nil {
		slog.Warn("seats were not returned; the servers free them after the client timeout", "error", err)
	}
}
