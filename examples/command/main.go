// Command is a program that runs for seconds: it takes a seat of render, does its work, gives the seat back, and exits. It
// needs no heartbeats, since a server keeps a seat for minutes without any. It shows two things: outages of the server
// that are counted over all runs of the program, in a file, and errors that tell a user what to do.
//
//	go run ./examples/server    # in one terminal
//	go run ./examples/command   # in another: restart the server three times, and run this each time
//
// It prints "rendered", and after the third restart
//
//	command: checkout render 1.0 x1: license servers were down too often: 127.0.0.1:6200 3 times within 1h0m0s, ...
//	The licence server went down 3 times within 1h0m0s. Wait until 14:05:00, and find out why.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	outages, err := outageFile()
	if err == nil {
		servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
		err = run(ctx, servers, outages, func() { fmt.Println("rendered") })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "command:", err)
		fmt.Fprintln(os.Stderr, advice(err))
		os.Exit(1)
	}
}

// outageFile returns the path of the file that all runs of this user share, and makes its folder.
func outageFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "seatbeat-example")
	return filepath.Join(dir, "outages"), os.MkdirAll(dir, 0o700)
}

// run does the work with a seat.
func run(ctx context.Context, servers transport.Transport, outages string, work func()) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		DownLimit: supervisor.DownLimit{Max: 2, Window: time.Hour, Store: outagefile.NewFileStore(outages)}, // Max: 10 is usual
	})
	if err != nil {
		return err
	}
	defer func() {
		closeCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // ctx may have ended
		defer cancel()
		_ = rt.Close(closeCtx) // if this fails, the server frees the seat after its client timeout
	}()
	if _, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)}); err != nil {
		return err
	}
	work() // if it takes longer than a minute, set Heartbeat.Attempts and stop when license.Context ends
	return nil
}
