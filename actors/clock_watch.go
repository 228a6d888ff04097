package actors

import (
	"time"
)

// Monotonic time stops while a machine sleeps. How often both clocks are compared, and how far they may part (rule 17).
const (
	clockEvery = 10 * time.Second
	clockApart = 30 * time.Second
)

// clockWatch compares wall and monotonic time.
type clockWatch struct {
	tolerance time.Duration // how far they may part
	last      Instant       // the last look
	next      Instant       // the next one; zero: nobody needs it
}

func newClockWatch(set *Settings) clockWatch {
	return clockWatch{tolerance: min(clockApart, set.Interval)}
}

// start begins to look.
func (w *clockWatch) start(now Instant) {
	if w.next == (Instant{}) {
		w.last, w.next = now, now.after(clockEvery)
	}
}

// look returns how much further the wall clock went than the monotonic one, and whether that is too much. Little by
// little the clocks may part as far as they like: they are adjusted all the time.
func (w *clockWatch) look(now Instant) (time.Duration, bool) {
	if !passed(now, w.next) {
		return 0, false
	}
	by := (now.wall - w.last.wall) - (now.mono - w.last.mono)
	w.last, w.next = now, now.after(clockEvery)
	return by, max(by, -by) > w.tolerance
}
