package heartbeat

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// TestHeartbeatScripts plays the conversations of testdata/scripts: what a connection asks of its timer, and when a
// heartbeat is due. at= is the time of a command, draw= the random number that goes in with it.
func TestHeartbeatScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		h := &Machine{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			now := script.Span(t, script.Option(t, d, "at", "0s"))
			draw, err := strconv.ParseFloat(script.Option(t, d, "draw", "0.5"), 64)
			if err != nil {
				d.Fatalf(t, "draw: %v", err)
			}
			return describeTimer(h.Step(now, draw, heartbeatInput(t, h, d)))
		})
	})
}

func heartbeatInput(t *testing.T, h *Machine, d *datadriven.TestData) protocol.Input {
	switch d.Cmd {
	case "pace": // interval
		return &protocol.PaceBeats{Interval: script.Span(t, script.Word(t, d))}
	case "pause": // for how long
		return &protocol.PauseBeats{Pause: script.Span(t, script.Word(t, d))}
	case "tick": // of the timer that is armed
		return &Tick{Seq: h.seq}
	case "old-tick": // of the timer before
		return &Tick{Seq: h.seq - 1}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return nil
	}
}

func describeTimer(effects []protocol.Effect) string {
	var b strings.Builder
	for _, e := range effects {
		switch e := e.(type) {
		case Due:
			fmt.Fprintln(&b, "due")
		case ArmTimer:
			fmt.Fprintln(&b, "timer in", e.After.Round(time.Millisecond))
		case StopTimer:
			fmt.Fprintln(&b, "no timer")
		}
	}
	return b.String()
}
