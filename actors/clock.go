package actors

import (
	"context"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// clock reads both clocks, as the time since the runtime started.
type clock struct {
	began time.Time // with monotonic time
	base  time.Time // wall time when the runtime started, without monotonic time
	wall  func() time.Time
}

// startClock removes the monotonic reading from the wall time. When both times have a monotonic reading, time.Time.Sub
// uses only these, and would not show that the wall clock jumped.
func startClock(wall func() time.Time) clock {
	return clock{began: time.Now(), base: wall().Round(0), wall: wall}
}

// now reads both clocks.
func (c clock) now() protocol.Instant {
	return protocol.Instant{Mono: time.Since(c.began), Wall: c.wall().Sub(c.base)}
}

// deadline returns when ctx ends; zero when it has no deadline. The deadline may be a time of the wall clock alone, which has
// to be compared with the wall clock of now, and not with that of the start.
func (c clock) deadline(ctx context.Context) protocol.Instant {
	at, ok := ctx.Deadline()
	if !ok {
		return protocol.Instant{}
	}
	return protocol.Instant{Mono: max(time.Since(c.began)+time.Until(at), 1)}
}
