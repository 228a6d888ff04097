package connection

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
)

// beatsPart runs the scripts of testdata/beats.
type beatsPart struct {
	clock
	beats beats
	seq   uint64
}

func (p *beatsPart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		return p.advance(t, d)
	case "due": // limit=
		p.beats.becameDue(p.now, p.after(t, d, "limit"))
	case "postpone":
		p.beats.postpone()
	case "send":
		p.seq++
		p.beats.begin(&beatInFlight{seq: p.seq, counted: p.beats.isDue(), confirmers: p.beats.takeConfirmers()})
	case "completed": // number
		if p.beats.completed(uint64(script.Number(t, script.Word(t, d)))) == nil {
			return "nobody waits for it"
		}
	case "confirm":
		p.beats.confirm(confirmer{member: claimOf(1)})
	case "good":
		p.beats.good(p.now)
	case "failed":
		p.beats.fail()
	case "forgiven":
		p.beats.forgive()
	case "clock-jumped":
		p.beats.clockJumped(p.now)
	case "restarted":
		p.beats.restarted()
	case "answered": // with or without features
		p.beats.answered(script.Word(t, d) == "features")
	case "retry":
		p.beats.retry()
	case "connected":
		p.beats.connected()
	case "resend":
		p.beats.resend()
	case "nobody-left":
		p.beats.nobodyLeft()
	case "panicked": // with or without features
		p.beats = p.beats.rebuilt(script.Word(t, d) == "features")
	case "show":
	default:
		return unknown(t, d)
	}
	return p.show()
}

func (p *beatsPart) show() string {
	b := &p.beats
	due := [...]string{"", "postponed", "due, failed in " + p.in(b.due.limit)}[b.due.state]
	inFlight := ""
	if b.inFlight != nil {
		inFlight = fmt.Sprintf("#%d under way", b.inFlight.seq) + script.Prefixed(", ", script.Flagged(b.inFlight.counted, "counts"))
	}
	return facts(
		script.Prefixed("failed ", script.Flagged(b.failed > 0, fmt.Sprint(b.failed))), script.Flagged(b.recovering, "recovering"),
		script.Flagged(b.afterClockJump, "after a clock jump"), script.Flagged(b.beatNow, "beat now"), due, inFlight,
		script.Prefixed("confirmers ", script.Flagged(len(b.confirmers) > 0, fmt.Sprint(len(b.confirmers)))),
		script.Flagged(b.forgives(p.now), "failures are forgiven"),
	)
}
