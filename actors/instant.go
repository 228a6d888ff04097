package actors

import "time"

// instant is one reading of both clocks, each as the time since the runtime started. Monotonic time stops while the
// machine sleeps and wall time may be set, so that neither alone tells how old a lease is (rule 16).
type Instant struct {
	mono time.Duration
	wall time.Duration
}

// since returns the time from o to i by the clock that says more.
func (i Instant) since(o Instant) time.Duration {
	return max(i.mono-o.mono, i.wall-o.wall)
}

// before reports whether i is earlier than o, on the monotonic clock: the order in which things happened.
func (i Instant) before(o Instant) bool { return i.mono < o.mono }

// after returns the instant d later.
func (i Instant) after(d time.Duration) Instant {
	return Instant{mono: i.mono + d, wall: i.wall + d}
}
