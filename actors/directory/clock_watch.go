package directory

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Both clocks are compared every clockEvery. They have jumped when they part by more than clockApart, or by more than the
// interval between two heartbeats if that is shorter (rule 17).
const (
	clockEvery = 10 * time.Second
	clockApart = 30 * time.Second
)

// clockWatch compares wall time with monotonic time, which stops while a machine sleeps.
type clockWatch struct {
	tolerance time.Duration
	last      protocol.Instant // the last look
	next      protocol.Instant // the next look; zero: the watch was not started
}

func newClockWatch(set *protocol.Settings) clockWatch {
	return clockWatch{tolerance: min(clockApart, set.Interval)}
}

// start starts the watch, once.
func (w *clockWatch) start(now protocol.Instant) {
	if w.next == (protocol.Instant{}) {
		w.last, w.next = now, now.After(clockEvery)
	}
}

// look returns how much further wall time went than monotonic time since the last look, and whether that is a jump. Clocks
// may part slowly as far as they like, since wall clocks are adjusted all the time.
func (w *clockWatch) look(now protocol.Instant) (by time.Duration, jumped bool) {
	if !protocol.Passed(now, w.next) {
		return 0, false
	}
	by = (now.Wall - w.last.Wall) - (now.Mono - w.last.Mono)
	w.last, w.next = now, now.After(clockEvery)
	return by, max(by, -by) > w.tolerance
}
