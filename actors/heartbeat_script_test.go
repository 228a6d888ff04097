package actors

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestHeartbeatScripts plays the conversations of testdata/scripts: what a connection asks of its timer, and when the
// timer says that a beat is due. at= is the time of a command, draw= the chance that goes into it.
func TestHeartbeatScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		h := &heartbeat{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			now := span(t, option(t, d, "at", "0s"))
			draw, err := strconv.ParseFloat(option(t, d, "draw", "0.5"), 64)
			if err != nil {
				d.Fatalf(t, "draw: %v", err)
			}
			return describeTimer(h.step(now, draw, heartbeatInput(t, h, d)))
		})
	})
}

func heartbeatInput(t *testing.T, h *heartbeat, d *datadriven.TestData) any {
	switch d.Cmd {
	case "pace": // interval
		return &paceBeats{interval: span(t, word(t, d))}
	case "pause": // for how long
		return &pauseBeats{pause: span(t, word(t, d))}
	case "tick": // of the timer that is armed
		return &tick{seq: h.seq}
	case "old-tick": // of the timer before
		return &tick{seq: h.seq - 1}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return nil
	}
}

func describeTimer(effects []Effect) string {
	var b strings.Builder
	for _, e := range effects {
		switch e := e.(type) {
		case due:
			fmt.Fprintln(&b, "due")
		case armTimer:
			fmt.Fprintln(&b, "timer in", e.after.Round(time.Millisecond))
		case stopTimer:
			fmt.Fprintln(&b, "no timer")
		}
	}
	return b.String()
}
