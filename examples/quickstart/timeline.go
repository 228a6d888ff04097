package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// timeline prints what happens while it happens, one line each. It is safe for concurrent use.
type timeline struct {
	json   bool // events only, as JSON
	colour bool
	began  time.Time

	mu    sync.Mutex // guards the fields below
	w     io.Writer
	names map[messages.Address]string // of servers
	width int                         // of the longest name
}

func newTimeline(w io.Writer, asJSON, colour bool) *timeline {
	return &timeline{json: asJSON, colour: colour, began: time.Now(), w: w, names: map[messages.Address]string{}}
}

// wantsColour reports whether f is a terminal whose user does not mind colour; see https://no-color.org.
func wantsColour(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// name says what a server is called.
func (t *timeline) name(address messages.Address, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names[address] = name
	t.width = max(t.width, len(name))
}

// step begins a new part of the play.
func (t *timeline) step(number int, title string) {
	t.text("\n%s\n", paint(t.colour, bold, fmt.Sprintf("%d. %s", number, title)))
}

// note tells what no event tells.
func (t *timeline) note(format string, args ...any) {
	t.text("%s  %s\n", since(t.began), paint(t.colour, faint, fmt.Sprintf(format, args...)))
}

// text prints words that are for people.
func (t *timeline) text(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.json {
		_, _ = fmt.Fprintf(t.w, format, args...)
	}
}

// event tells of an event. The runtime calls it, since it is part of Config.OnEvent: one event at a time, in order.
func (t *timeline) event(e messages.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.json {
		_, _ = fmt.Fprintf(t.w, "%s\n", asJSON(e, time.Now()))
		return
	}
	_, _ = fmt.Fprintf(t.w, "%s  %s\n", since(t.began), describe(e, t.names).render(t.width, t.colour))
}

func since(began time.Time) string { return fmt.Sprintf("%7.2fs", time.Since(began).Seconds()) }
