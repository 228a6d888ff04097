package actors

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/messages"
)

// TestFeatureScripts plays the conversations of testdata/scripts: inputs of one checkout, and what it orders in return.
func TestFeatureScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		p := newTrial(trialSettings())
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return p.command(t, d)
		})
	})
}

// command runs one command of a script and returns what came of it.
func (p *trial) command(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "settings": // servers, attempts, rounds
		*p = *newTrial(scriptSettings(t, d))
		return ""
	case "wait": // how long
		p.now = p.now.after(span(t, word(t, d)))
		return ""
	case "replied": // a server, to something, just now
		p.link(messages.Address(word(t, d))).NoteReply(p.now.mono)
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
func (p *trial) outcome(effects []Effect) string {
	var b strings.Builder
	for _, e := range effects {
		fmt.Fprintln(&b, describe(e))
	}
	fmt.Fprintln(&b, "state", p.f.state)
	return b.String()
}

type inputMaker func(*testing.T, *trial, *datadriven.TestData) Input

// featureInputs are the commands of a script. Those that answer a take mean the latest one unless take= says otherwise,
// those about the origin mean the origin unless at= says otherwise.
var featureInputs = map[string]inputMaker{
	"begin": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // deadline=, wait
		in := &begin{}
		p.f.mayWait = d.HasArg("wait")
		if d.HasArg("deadline") {
			in.deadline = Instant{mono: p.now.mono + span(t, option(t, d, "deadline", ""))}
		}
		return in
	},
	"cancelled": func(*testing.T, *trial, *datadriven.TestData) Input {
		return &cancelled{err: errors.New("the caller left")}
	},
	"closed":    func(*testing.T, *trial, *datadriven.TestData) Input { return &closed{} },
	"checkin":   func(*testing.T, *trial, *datadriven.TestData) Input { return &checkin{reply: NewReply()} },
	"heartbeat": func(*testing.T, *trial, *datadriven.TestData) Input { return &heartbeatNow{reply: NewReply()} },
	"seat-granted": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // local, overdraft
		from := p.asked()
		return &seatGranted{
			take: p.takeOf(t, d), connection: from, server: from.Server(), local: d.HasArg("local"), overdraft: d.HasArg("overdraft"),
		}
	},
	"seat-refused": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // reason
		return &seatRefused{take: p.takeOf(t, d), server: p.asked().Server(), reason: reasonNamed(t, word(t, d)), message: "no"}
	},
	"seat-unanswered": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // reached, retry-after=
		in := &seatUnanswered{take: p.takeOf(t, d), server: p.asked().Server(), reason: messages.Unanswered, cause: "timeout"}
		in.reached = d.HasArg("reached")
		if d.HasArg("retry-after") {
			in.reason, in.cause, in.reached = messages.Busy, "busy", true
			in.retryAfter = span(t, option(t, d, "retry-after", ""))
		}
		return in
	},
	"heartbeat-failed": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // how many in a row
		return &heartbeatFailed{connection: p.originOf(t, d), failed: number(t, word(t, d)), cause: "timeout", others: p.others()}
	},
	"lease-resumed": func(t *testing.T, p *trial, d *datadriven.TestData) Input {
		return &leaseResumed{connection: p.originOf(t, d)}
	},
	"lease-ended": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // reason
		return &leaseEnded{connection: p.originOf(t, d), reason: reasonNamed(t, word(t, d))}
	},
	"lease-timed-out": func(t *testing.T, p *trial, d *datadriven.TestData) Input {
		return &leaseTimedOut{connection: p.originOf(t, d), message: "too old"}
	},
	"server-regained": func(t *testing.T, p *trial, d *datadriven.TestData) Input {
		return &serverRegained{connection: p.originOf(t, d)}
	},
	"down-limit": func(*testing.T, *trial, *datadriven.TestData) Input {
		return &downLimit{err: &messages.UnavailableError{Server: messages.Server{Address: "S1"}, Count: 11, Max: 10, Window: time.Hour}}
	},
	"restarted": func(_ *testing.T, p *trial, d *datadriven.TestData) Input { // used-up
		return reborn(d.HasArg("used-up"))(p)
	},
	"holdings": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // held=, failed=
		return recollect(uint32(number(t, option(t, d, "held", "0"))), number(t, option(t, d, "failed", "0")))(p)
	},
	"ask-again": func(*testing.T, *trial, *datadriven.TestData) Input { return &askAgain{} },
	"restarts-used-up": func(t *testing.T, p *trial, d *datadriven.TestData) Input {
		return &restartsUsedUp{connection: p.originOf(t, d), cause: "defect"}
	},
	"origin-replaced": func(t *testing.T, p *trial, d *datadriven.TestData) Input { // by whom
		return &originReplaced{connection: p.originOf(t, d), by: p.link(messages.Address(word(t, d)))}
	},
}

func (p *trial) takeOf(t *testing.T, d *datadriven.TestData) uint32 {
	return uint32(number(t, option(t, d, "take", strconv.Itoa(int(p.latest.take)))))
}

func (p *trial) originOf(t *testing.T, d *datadriven.TestData) *ConnectionRef {
	if at := option(t, d, "at", ""); at != "" {
		return p.link(messages.Address(at))
	}
	return p.f.origin
}
