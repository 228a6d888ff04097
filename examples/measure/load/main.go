// Load measures how much a licence server can do: durable checkouts per second, with many callers at the same time and
// while a number of leases is held, and renewals of leases per second. Without -servers it starts a server of its own in
// the same process, with its ledger in a file and mutual TLS; client and server then share the machine.
//
//	go run ./examples/measure/load -held 1000000 -duration 30s
//
// It prints a table in Markdown, or with -json the figures as JSON; -help explains the flags.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 measured, 1 not measured, 2 the flags are wrong.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	tell := log.New(progress, "", 0)
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, help)
	case err != nil:
		tell.Printf("load: %v\n\nload -help explains the flags.", err)
		return 2
	default:
		var r result
		if r, err = measure(ctx, o, tell); err == nil {
			err = r.write(out, o.json)
		}
	}
	if err != nil {
		tell.Printf("load: %v", err)
		return 1
	}
	return 0
}

// measure runs the load of o, on a server of its own if o names none.
func measure(ctx context.Context, o options, tell *log.Logger) (r result, err error) {
	config, err := o.transport()
	if err != nil {
		return result{}, err
	}
	if o.own {
		own, err := startOwn(o)
		if err != nil {
			return result{}, err
		}
		defer func() { err = errors.Join(err, own.stop()) }()
		o.servers, o.feature, config.TLS = []transport.Address{own.address}, ownFeature, own.client
		tell.Printf("started a server at %s, with its ledger in %s", own.address, own.ledger)
	}
	l := &load{options: o, transport: grpctransport.New(config), tell: tell}
	defer l.close()
	return l.run(ctx)
}
