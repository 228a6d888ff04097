package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// output prints for people, or events as JSON for programs. Its methods are safe for concurrent use.
type output struct {
	screen *screen
	json   bool // print nothing but events
	colour bool
	paced  bool // pause, so that a person can follow
}

// text prints words for people.
func (o *output) text(format string, args ...any) {
	if !o.json {
		o.screen.print(fmt.Sprintf(format, args...))
	}
}

// event prints an event: the line, or the event as JSON.
func (o *output) event(e messages.Event, line string) {
	if o.json {
		line = asJSON(e, time.Now())
	}
	o.screen.print(line + "\n")
}

// pause gives a person the time to read. It ends early when ctx does.
func (o *output) pause(ctx context.Context, d time.Duration) {
	if !o.paced || o.json {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
