// Command is a program that lives for seconds: it takes a seat, does its work, gives the seat back, and ends. It needs no
// heartbeats for that, since the server frees no seat before its client timeout, which is minutes. Outages of the server
// are counted over all of its runs, in a file, and when there were too many it says what to do.
//
//	go run ./examples/server    # in one terminal
//	go run ./examples/command   # in another; restart the server three times, and run it each time
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

// outageFile returns the path of the file that all runs of this user share. Its directory exists then.
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
		_ = rt.Close(closeCtx) // what fails is made up for by the server's client timeout
	}()
	if _, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)}); err != nil {
		return err
	}
	work() // one that takes longer than a minute turns Heartbeat.Attempts on, and looks at the license's Context
	return nil
}
