package connection

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

var takeModes = map[string]protocol.TakeMode{
	"first": protocol.FirstMode, "sweep": protocol.RoundMode, "retake": protocol.RetakeMode, "wait": protocol.WaitMode,
}

// takesPart runs the scripts of testdata/pending_takes.
type takesPart struct {
	clock
	takes pendingTakes
	seq   uint64
	h     *harness // has the features
}

func (p *takesPart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		return p.advance(t, d)
	case "ask": // feature, mode=, timeout=
		p.takes.add(&take{
			member: p.h.feature(t, script.Word(t, d)), mode: takeModes[script.Option(t, d, "mode", "first")], timeout: 5 * time.Second,
		})
	case "send": // at most=
		return p.send(script.Number(t, script.Option(t, d, "most", "9")))
	case "answered": // number of the call
		if p.takes.completed(uint64(script.Number(t, script.Word(t, d)))) == nil {
			return "nobody waits for it"
		}
	case "delay": // feature, for=
		p.takes.delay(p.take(t, d), p.after(t, d, "for"))
	case "send-now": // feature
		p.takes.sendNow(p.take(t, d))
	case "over": // feature
		p.takes.remove(p.take(t, d))
	case "resume":
		p.takes.resume(p.now)
	case "overdue":
		return "overdue " + names(p.takes.overdue(p.now))
	default:
		return unknown(t, d)
	}
	return p.show()
}

// send prints the calls that can be sent now.
func (p *takesPart) send(most int) string {
	var calls []string
	for _, next := range []func() []*take{func() []*take { return p.takes.next(most) }, p.takes.nextWaiting} {
		for takes := next(); len(takes) > 0; takes = next() {
			p.seq++
			p.takes.begin(p.now, p.seq, &batch{takes: takes, mayWait: takes[0].mode == protocol.WaitMode})
			calls = append(calls, fmt.Sprintf("#%d %s", p.seq, names(takes)))
		}
	}
	return facts(calls...)
}

func (p *takesPart) take(t *testing.T, d *datadriven.TestData) *take {
	return p.takes.of[p.h.feature(t, script.Word(t, d)).ID()]
}

func (p *takesPart) show() string {
	return fmt.Sprintf("queue %s, waiting %s, delayed %s; next look: %s",
		names(p.takes.queue), names(p.takes.waiting), names(p.takes.delayed), p.in(p.takes.wakeAt()))
}

func names(takes []*take) string {
	var list []string
	for _, t := range takes {
		list = append(list, fmt.Sprintf("f%d", t.member.ID())+script.Flagged(t.cancelled, "(over)"))
	}
	return "[" + strings.Join(list, " ") + "]"
}
