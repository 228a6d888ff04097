package feature

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// TestFeatureScripts plays the conversations of testdata/scripts: the inputs of one checkout, and the effects of each.
func TestFeatureScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		p := newHarness(script.DefaultSettings())
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return p.command(t, d)
		})
	})
}

// command runs one command of a script and returns what came of it.
func (p *harness) command(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "settings": // servers, attempts, rounds
		*p = *newHarness(script.Settings(t, d))
		return ""
	case "wait": // how long
		p.now = p.now.After(script.Span(t, script.Word(t, d)))
		return ""
	case "replied": // a server, to something, just now
		p.connection(messages.Address(script.Word(t, d))).NoteReply(p.now.Mono)
		return ""
	case "held": // from the first server
		p.steps(beginning, grant)
		return p.outcome(nil)
	}
	maker := featureInputs[d.Cmd]
	if maker == nil {
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return p.outcome(p.step(maker(t, p, d)))
}

// outcome prints effects and the state they lead to.
func (p *harness) outcome(effects []protocol.Effect) string {
	var b strings.Builder
	for _, e := range effects {
		fmt.Fprintln(&b, describe(e))
	}
	fmt.Fprintln(&b, "state", p.f.state)
	return b.String()
}

type inputMaker func(*testing.T, *harness, *datadriven.TestData) protocol.Input

// featureInputs are the commands of a script. Those that answer a take mean the latest one unless take= says otherwise,
// those about the origin mean the origin unless at= says otherwise.
var featureInputs = map[string]inputMaker{
	"begin": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // deadline=, wait
		in := &protocol.Begin{}
		p.f.mayWait = d.HasArg("wait")
		if d.HasArg("deadline") {
			in.Deadline = protocol.Instant{Mono: p.now.Mono + script.Span(t, script.Option(t, d, "deadline", ""))}
		}
		return in
	},
	"cancelled": func(*testing.T, *harness, *datadriven.TestData) protocol.Input {
		return &protocol.Cancelled{Err: errors.New("the caller left")}
	},
	"closed": func(*testing.T, *harness, *datadriven.TestData) protocol.Input { return &protocol.Closed{} },
	"checkin": func(*testing.T, *harness, *datadriven.TestData) protocol.Input {
		return &protocol.Checkin{Reply: protocol.NewReply()}
	},
	"heartbeat": func(*testing.T, *harness, *datadriven.TestData) protocol.Input {
		return &protocol.HeartbeatNow{Reply: protocol.NewReply()}
	},
	"seat-granted": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // local, overdraft
		from := p.asked()
		return &protocol.SeatGranted{
			Take: p.takeOf(t, d), Connection: from, Server: from.Server(), Local: d.HasArg("local"), Overdraft: d.HasArg("overdraft"),
		}
	},
	"seat-refused": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // reason
		return &protocol.SeatRefused{Take: p.takeOf(t, d), Server: p.asked().Server(), Reason: script.ReasonNamed(t, script.Word(t, d)), Text: "no"}
	},
	"seat-unanswered": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // reached, retry-after=
		in := &protocol.SeatUnanswered{Take: p.takeOf(t, d), Server: p.asked().Server(), Reason: messages.Unanswered, Cause: "timeout"}
		in.Reached = d.HasArg("reached")
		if d.HasArg("retry-after") {
			in.Reason, in.Cause, in.Reached = messages.Busy, "busy", true
			in.RetryAfter = script.Span(t, script.Option(t, d, "retry-after", ""))
		}
		return in
	},
	"heartbeat-failed": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // how many in a row
		return &protocol.HeartbeatFailed{Connection: p.originOf(t, d), Failed: script.Number(t, script.Word(t, d)), Cause: "timeout", Others: p.others()}
	},
	"lease-resumed": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input {
		return &protocol.LeaseResumed{Connection: p.originOf(t, d)}
	},
	"lease-ended": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // reason
		return &protocol.LeaseEnded{Connection: p.originOf(t, d), Reason: script.ReasonNamed(t, script.Word(t, d))}
	},
	"lease-timed-out": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input {
		return &protocol.LeaseTimedOut{Connection: p.originOf(t, d), Text: "too old"}
	},
	"server-regained": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input {
		return &protocol.ServerRegained{Connection: p.originOf(t, d)}
	},
	"down-limit": func(*testing.T, *harness, *datadriven.TestData) protocol.Input {
		return &protocol.DownLimit{Err: &messages.UnavailableError{Server: messages.Server{Address: "S1"}, Count: 11, Max: 10, Window: time.Hour}}
	},
	"restarted": func(_ *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // used-up
		return afterPanic(d.HasArg("used-up"))(p)
	},
	"holdings": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // held=, failed=
		return holdings(uint32(script.Number(t, script.Option(t, d, "held", "0"))), script.Number(t, script.Option(t, d, "failed", "0")))(p)
	},
	"ask-again": func(*testing.T, *harness, *datadriven.TestData) protocol.Input { return &protocol.AskAgain{} },
	"restarts-used-up": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input {
		return &protocol.RestartsUsedUp{Connection: p.originOf(t, d), Cause: "defect"}
	},
	"origin-replaced": func(t *testing.T, p *harness, d *datadriven.TestData) protocol.Input { // by whom
		return &protocol.OriginReplaced{Connection: p.originOf(t, d), By: p.connection(messages.Address(script.Word(t, d)))}
	},
}

func (p *harness) takeOf(t *testing.T, d *datadriven.TestData) uint32 {
	return uint32(script.Number(t, script.Option(t, d, "take", strconv.Itoa(int(p.latest.Take)))))
}

func (p *harness) originOf(t *testing.T, d *datadriven.TestData) *protocol.ConnectionRef {
	if at := script.Option(t, d, "at", ""); at != "" {
		return p.connection(messages.Address(at))
	}
	return p.f.seats.origin
}
