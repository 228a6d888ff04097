package connection

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// part is one part of a connection under test, with nothing of the connection around it but what it needs. run runs one
// command of a script and returns what came of it.
type part interface {
	run(t *testing.T, d *datadriven.TestData) string
}

// clock is the time of a part under test.
type clock struct{ now protocol.Instant }

// advance runs the command "wait", which each part has.
func (c *clock) advance(t *testing.T, d *datadriven.TestData) string {
	c.now = c.now.After(script.Span(t, script.Word(t, d)))
	return ""
}

// after returns the instant at which the time of an option is over.
func (c *clock) after(t *testing.T, d *datadriven.TestData, option string) protocol.Instant {
	return c.now.After(script.Span(t, script.Option(t, d, option, "0s")))
}

// in prints how far an instant is away: "never" for a zero one.
func (c *clock) in(at protocol.Instant) string {
	if at == (protocol.Instant{}) {
		return "never"
	}
	return rounded(at.Mono - c.now.Mono).String()
}

// start is the time at which scripts of parts begin: a zero instant has a meaning of its own.
var start = clock{now: protocol.Instant{Mono: time.Hour, Wall: time.Hour}}

// TestPartScripts plays the conversations of testdata with the single parts, one folder for each.
func TestPartScripts(t *testing.T) {
	set := scriptSettings()
	for folder, newPart := range map[string]func() part{
		"peer": func() part { return &peerPart{} },
		"dialer": func() part {
			return &dialerPart{clock: start, dialer: dialer{jitter: jitter{rng: testRand(), set: &set, peer: &peer{}}}}
		},
		"throttle":        func() part { return &throttlePart{clock: start, throttle: newThrottle()} },
		"beats":           func() part { return &beatsPart{clock: start} },
		"outage_gate":     func() part { return &gatePart{clock: start} },
		"lease_age":       func() part { return newAgePart() },
		"schedule":        func() part { return newSchedulePart() },
		"pending_takes":   func() part { return &takesPart{clock: start, takes: newPendingTakes(), h: newHarness(set, "a1")} },
		"pending_returns": func() part { return newReturnsPart() },
		"checkouts":       func() part { return newCheckoutsPart() },
	} {
		t.Run(folder, func(t *testing.T) {
			datadriven.Walk(t, "testdata/"+folder, func(t *testing.T, path string) {
				p := newPart()
				datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
					if text := strings.TrimSuffix(p.run(t, d), "\n"); text != "" {
						return text + "\n"
					}
					return ""
				})
			})
		})
	}
}

func testRand() *rand.Rand { return rand.New(rand.NewChaCha8([32]byte{1})) }

// facts joins what is true of a part, leaving out what is not said; "nothing" if nothing is.
func facts(list ...string) string {
	var said []string
	for _, f := range list {
		if f != "" {
			said = append(said, f)
		}
	}
	if len(said) == 0 {
		return "nothing"
	}
	return strings.Join(said, ", ")
}

// unknown ends a test whose script has a command that the part does not know.
func unknown(t *testing.T, d *datadriven.TestData) string {
	d.Fatalf(t, "unknown command %s", d.Cmd)
	return ""
}
