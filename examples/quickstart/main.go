// Quickstart shows what seatbeat does when licence servers restart, refuse, stop and come back: with two servers of its own,
// or on servers that are running. See help.go, or run it with -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Statuses of the process. The built-in exit has a third, 3.
const (
	failed     = 1
	wrongFlags = 2
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
	out := newTimeline(os.Stdout, o.json, wantsColour(os.Stdout))
	if !o.ownServers() {
		return complain(runPlay(context.Background(), out, o.defaultExit), failed)
	}
	t, err := o.transport()
	if err != nil {
		return complain(err, wrongFlags)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	return complain(hold(ctx, o, t, out), failed)
}

// complain prints an error, if there is one, and returns the status that it means.
func complain(err error, status int) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "quickstart:", err)
	return status
}
