package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

// closeTime is how long the servers may take to take the seats back.
const closeTime = 5 * time.Second

// exitTime is how long the runtime has, once the last licence is gone, to say that the application has to end.
const exitTime = time.Second

// hold keeps the features of o until ctx ends, then gives them back. An error says why they are not held, or no longer.
func hold(ctx context.Context, o options, t transport.Transport, out *timeline) error {
	exiting := make(chan struct{})
	config := supervisor.Config{
		Transport: t,
		Servers:   o.servers,
		Heartbeat: supervisor.Heartbeat{Attempts: o.attempts, Interval: o.interval},
		OnEvent:   out.event,
	}
	if !o.defaultExit {
		config.Callbacks.OnExit = func(messages.Exited) { close(exiting) }
	}
	for _, address := range o.servers {
		out.name(address, string(address))
	}
	rt, err := supervisor.Start(ctx, config)
	if err != nil {
		return err
	}
	defer giveBack(rt)
	licenses, err := checkOutAll(ctx, rt, o.features)
	if ctx.Err() != nil {
		return nil // interrupted: what was granted is given back
	}
	if err != nil {
		return err
	}
	out.note("held; a heartbeat goes out every %s, and is told of only when it fails; Ctrl-C gives the seats back", o.interval)
	err = wait(ctx, licenses)
	if errors.Is(err, messages.ErrExited) {
		select { // without OnExit the process ends here
		case <-exiting:
		case <-time.After(exitTime):
		}
	}
	return err
}

// giveBack checks in what is held. Its context is its own: that of hold has ended by now.
func giveBack(rt *supervisor.Runtime) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := rt.Close(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "quickstart: %v; the servers free them when their client timeout has passed\n", err)
	}
}

func checkOutAll(ctx context.Context, rt *supervisor.Runtime, features []messages.Checkout) ([]*supervisor.License, error) {
	var licenses []*supervisor.License
	for _, c := range features {
		license, err := rt.Checkout(ctx, c)
		if err != nil {
			return licenses, explained(err)
		}
		licenses = append(licenses, license)
	}
	return licenses, nil
}

// wait returns nil when ctx ends, and an error when no licence is left.
func wait(ctx context.Context, licenses []*supervisor.License) error {
	var gone []error
	for _, license := range licenses {
		select {
		case <-license.Done():
			gone = append(gone, license.Err())
		case <-ctx.Done():
			return nil
		}
	}
	return errors.Join(gone...)
}

// explained shows the answer of each server on a line of its own, and what to look at.
func explained(err error) error {
	refused, ok := errors.AsType[*messages.CheckoutError](err)
	if !ok {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "no server granted %s:", refused.Checkout)
	for _, a := range refused.Answers {
		fmt.Fprintf(&text, "\n  %s: %s", a.Server, because(a.Reason, a.Message))
		if a.Reason == messages.Unanswered {
			fmt.Fprintf(&text, "\n    %s", hint(a.Message))
		}
	}
	return errors.New(text.String())
}

// hint says what is to be looked at when a server gave no answer for this cause.
func hint(cause string) string {
	switch {
	case containsAny(cause, "certificate"):
		return "-ca has to be the authority of the servers, -cert of one that they trust, and the address a name in their certificate"
	case containsAny(cause, "TLS handshake", "server preface", "broken pipe", "reset by peer"):
		return "are both sides with TLS, or both without (-insecure)? does the server trust -cert? and is it a licence server at all?"
	default:
		return "is the server running, and is the address right?"
	}
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
