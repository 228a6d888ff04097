// Quickstart shows what seatbeat does when licence servers restart, refuse, stop and come back: a play of nine steps, with
// two licence servers of its own and a picture of who holds which seat.
//
//	go run ./examples/quickstart          # takes half a minute
//	go run ./examples/quickstart -help    # and what else it can do, as hold seats on servers that are running
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/transport"
)

// Statuses of the process.
const (
	failed      = 1
	wrongFlags  = 2
	builtInExit = 3   // what the runtime does when it gives up and there is no OnExit
	interrupted = 130 // as shells say it
)

func main() { os.Exit(run(os.Args[1:])) }

// run returns the status of the process.
func run(args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(help)
		return 0
	}
	if err != nil {
		return complain(fmt.Errorf("%w\nrun it with -help to see examples", err), wrongFlags)
	}
	var servers transport.Transport // nil for the play
	if o.holds() {
		if servers, err = o.transport(); err != nil {
			return complain(err, wrongFlags)
		}
	}
	signal.Ignore(syscall.SIGPIPE) // the screen notices it, so that the program ends in good order
	signals, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(signals, stop) // a second Ctrl-C ends the process at once
	err = act(signals, o, servers)
	switch {
	case err == nil, errors.Is(err, errReaderGone):
		return 0
	case signals.Err() != nil && !o.holds():
		return complain(errors.New("interrupted"), interrupted)
	default:
		return complain(err, failed)
	}
}

// act does what the command line asks for, until signals ends or standard output cannot be written to, which is an error.
func act(signals context.Context, o options, servers transport.Transport) (err error) {
	ctx, cancel := context.WithCancelCause(signals)
	defer cancel(nil)
	terminal := isTerminal(os.Stdout)
	paced := terminal && !o.fast && !o.json
	if !o.holds() {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, playLimit(paced), errTooLong)
		defer stop()
	}
	out := &output{screen: newScreen(ctx, os.Stdout, cancel), json: o.json, colour: terminal && knowsColour(), paced: paced}
	if o.holds() {
		err = hold(ctx, o, servers, out)
	} else {
		err = perform(ctx, out, o.defaultExit)
	}
	out.screen.close()
	switch cause := context.Cause(ctx); {
	case cause == nil || signals.Err() != nil:
		return err
	case errors.Is(cause, errTooLong):
		return fmt.Errorf("%w: %w", cause, err)
	default: // of the screen
		return cause
	}
}

// complain prints an error and returns a status. Standard error may be a pipe that nobody reads.
func complain(err error, status int) int {
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		fmt.Fprintln(os.Stderr, "quickstart:", err)
	}()
	select {
	case <-printed:
	case <-time.After(lastWords):
	}
	return status
}
