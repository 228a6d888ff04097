package engine

import (
	"sync/atomic"
	"time"
)

// clock is the server's time: the time since the start, less the length of all stalls of the server. The age of a lease
// is measured with this time, so excluding a stall extends every lease by the length of the stall. It is safe for
// concurrent use.
type clock struct {
	start   time.Time
	stopped atomic.Int64 // nanoseconds that do not count
}

func newClock() *clock { return &clock{start: time.Now()} }

// raw returns the time since the start, on the monotonic clock.
func (c *clock) raw() time.Duration { return time.Since(c.start) }

// now returns the server's time.
func (c *clock) now() time.Duration { return c.raw() - time.Duration(c.stopped.Load()) }

// skip excludes d from the server's time.
func (c *clock) skip(d time.Duration) { c.stopped.Add(int64(d)) }
