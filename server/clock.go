package server

import (
	"sync/atomic"
	"time"
)

// clock is the server's time: what has passed since it was started, less what the server itself slept through. Leases
// are stamped with it and compared with it, so that stopping it for a while extends every lease by that while.
// It is safe for concurrent use.
type clock struct {
	start   time.Time
	stopped atomic.Int64 // nanoseconds that do not count
}

func newClock() *clock { return &clock{start: time.Now()} }

// raw returns everything that has passed, on the monotonic clock.
func (c *clock) raw() time.Duration { return time.Since(c.start) }

// now returns the server's time.
func (c *clock) now() time.Duration { return c.raw() - time.Duration(c.stopped.Load()) }

// skip makes d not count.
func (c *clock) skip(d time.Duration) { c.stopped.Add(int64(d)) }

// watch recognises by late ticks that the server was stalled: stopped by a signal or a debugger, starved, or paused with
// its virtual machine. Then beats wait unread, and leases must not end for it.
type watch struct {
	interval time.Duration // between two ticks
	last     time.Duration // raw time of the last tick
	quiet    time.Duration // server time before which nothing expires
	hushed   bool          // nothing has expired since quiet was set
}

// tick is told the raw time of a tick and returns for how long the server was stalled before it. To be late by less than
// one interval is no stall.
func (w *watch) tick(raw time.Duration) (stall time.Duration) {
	late := raw - w.last - w.interval
	w.last = raw
	if late < w.interval {
		return 0
	}
	return late
}

// hush lets nothing expire for the grace after a stall, so that the heartbeats that waited meanwhile are read first. Where
// one short stall follows the other, as on a machine that has too much to do, leases end all the same: after the first.
func (w *watch) hush(now, stall, grace time.Duration) {
	if !w.hushed || stall >= grace {
		w.quiet, w.hushed = now+grace, true
	}
}

// lets reports whether leases may expire by now.
func (w *watch) lets(now time.Duration) bool {
	if now < w.quiet {
		return false
	}
	w.hushed = false
	return true
}
