package connection

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// schedulePart runs the scripts of testdata/schedule. The part needs the client timeout and the features.
type schedulePart struct {
	h *harness
}

func newSchedulePart() part {
	h := newHarness(scriptSettings(), "a1")
	h.c.peer.confirm(protocol.Dialled{Hello: h.hello})
	return &schedulePart{h: h}
}

func (p *schedulePart) run(t *testing.T, d *datadriven.TestData) string {
	c, w := p.h.c, p.h
	switch d.Cmd {
	case "by-hand": // no automatic heartbeats
		w.set.Attempts = 0
		return ""
	case "interval": // of the settings
		w.set.Interval = script.Span(t, script.Word(t, d))
	case "client-timeout":
		hello := w.hello
		hello.ClientTimeout = script.Span(t, script.Word(t, d))
		c.peer.confirm(protocol.Dialled{Hello: hello})
	case "feature": // comes
		c.checkouts.leases.add(w.feature(t, script.Word(t, d)))
	case "feature-left":
		c.checkouts.leave(w.now, w.feature(t, script.Word(t, d)))
	case "pace":
		c.schedule.pace()
	case "first-grant":
		c.schedule.warn()
	case "next-beat-not-before":
		c.schedule.hold([]ChunkAnswer{{}, {Reply: notBefore(script.Span(t, script.Word(t, d)))}})
	case "timer-restarted":
		c.schedule.timerRestarted()
	default:
		return unknown(t, d)
	}
	if text := w.performAll(c.out.take()); text != "" {
		return text
	}
	return fmt.Sprintf("interval %s, deadline %s", c.schedule.interval(), c.schedule.deadline())
}

func notBefore(d time.Duration) transport.HeartbeatReply {
	return transport.HeartbeatReply{NotBefore: d}
}
