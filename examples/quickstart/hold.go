package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

const (
	// closeTime is how long the servers may take to take the seats back.
	closeTime = 5 * time.Second
	// exitTime is how long the runtime may take, once the last licence is gone, to say that the service has to end.
	exitTime = time.Second
)

// hold keeps the features of o until ctx ends, then gives them back. An error says why they are not held, or no longer.
func hold(ctx context.Context, o options, t transport.Transport, out *output) error {
	exiting := make(chan struct{})
	config := supervisor.Config{
		Transport: t,
		Servers:   o.servers,
		Heartbeat: supervisor.Heartbeat{Attempts: o.attempts, Interval: o.interval},
		OnEvent:   eventPrinter(out, o.servers),
	}
	if !o.defaultExit {
		config.Callbacks.OnExit = func(messages.Exited) { close(exiting) }
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
	out.text("held; a heartbeat goes out every %s, and only a failed one is reported.\nCtrl-C gives the seats back.\n", o.interval)
	err = wait(ctx, licenses)
	if errors.Is(err, messages.ErrExited) {
		select { // without OnExit the process ends here
		case <-exiting:
		case <-time.After(exitTime):
		}
	}
	return err
}

// eventPrinter returns what prints each event on a line, with the time since now and all that is known of its cause.
func eventPrinter(out *output, servers []transport.Address) func(messages.Event) {
	began, width := time.Now(), 0
	for _, s := range servers {
		width = max(width, len(s))
	}
	return func(e messages.Event) {
		d := describe(e)
		if d.cause != "" {
			d.words += ": " + d.cause
		}
		out.event(e, fmt.Sprintf("%7.2fs  %s", time.Since(began).Seconds(), d.line(e, string(d.server.Address), width, out.colour)))
	}
}

// giveBack returns the seats. It has a context of its own, since that of hold has ended by now.
func giveBack(rt *supervisor.Runtime) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := rt.Close(ctx); err != nil {
		complain(fmt.Errorf("%w; the servers free them when their client timeout has passed", err), 0)
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

// wait returns nil when ctx ends, and the reasons when no licence is left.
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

// explained puts the answer of each server on a line of its own, with a hint for a server that gave none.
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

// hint says what to look at when a server gave no answer for this cause.
func hint(cause string) string {
	switch {
	case containsAny(cause, "certificate"):
		return "-ca must be the authority of the servers, -cert must be signed by one that they trust, and the address must be in their certificate"
	case containsAny(cause, "TLS handshake", "server preface", "broken pipe", "reset by peer"):
		return "do both sides use TLS, or neither (-insecure)? does the server trust -cert? is it a licence server at all?"
	default:
		return "is the server running, and is the address right?"
	}
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
