package directory

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Monotonic time stops while a machine sleeps. How often both clocks are compared, and how far they may part (rule 17).
const (
	clockEvery = 10 * time.Second
	clockApart = 30 * time.Second
)

// clockWatch compares wall and monotonic time.
type clockWatch struct {
	tolerance time.Duration    // how far they may part
	last      protocol.Instant // the last look
	next      protocol.Instant // the next one; zero: nobody needs it
}

func newClockWatch(set *protocol.Settings) clockWatch {
	return clockWatch{tolerance: min(clockApart, set.Interval)}
}

// start begins to look.
func (w *clockWatch) start(now protocol.Instant) {
	if w.next == (protocol.Instant{}) {
		w.last, w.next = now, now.After(clockEvery)
	}
}

// look returns how much further the wall clock went than the monotonic one, and whether that is too much. Little by
// little the clocks may part as far as they like: they are adjusted all the time.
func (w *clockWatch) look(now protocol.Instant) (time.Duration, bool) {
	if !protocol.Passed(now, w.next) {
		return 0, false
	}
	by := (now.Wall - w.last.Wall) - (now.Mono - w.last.Mono)
	w.last, w.next = now, now.After(clockEvery)
	return by, max(by, -by) > w.tolerance
}
