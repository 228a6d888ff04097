package connection

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// agePart runs the scripts of testdata/lease_age. The part needs the leases and what beats knows of the break.
type agePart struct {
	h *harness
}

func newAgePart() part {
	h := newHarness(scriptSettings(), "a1")
	h.now = start.now
	h.c.peer.confirm(protocol.Dialled{Hello: h.hello})
	return &agePart{h: h}
}

func (p *agePart) run(t *testing.T, d *datadriven.TestData) string {
	c, w := p.h.c, p.h
	switch d.Cmd {
	case "wait":
		w.now = w.now.After(script.Span(t, script.Word(t, d)))
		return ""
	case "sleep":
		w.now.Wall += script.Span(t, script.Word(t, d))
		return ""
	case "enforce":
		w.set.EnforceTimeout = true
		return ""
	case "lease": // feature; renewed now
		f := w.feature(t, script.Word(t, d))
		renewed := w.now
		c.checkouts.leases.grant(c.checkouts.leases.add(f), 1, requestOf(byte(f.ID())), leaseNamed(script.Word(t, d)), &renewed)
	case "lease-ended": // feature
		s, _ := c.checkouts.leases.slot(w.feature(t, script.Word(t, d)))
		c.checkouts.leases.drop(s)
	case "break":
		c.beats.fail()
	case "break-ended":
		c.beats.good(w.now)
		c.age.breakEnded()
	case "watch":
		c.age.watch(w.now)
	case "watch-again":
		c.age.watchAgain(w.now)
	case "check":
		c.age.check(w.now)
	case "check-now":
		c.age.checkNow(w.now)
	default:
		return unknown(t, d)
	}
	return p.show()
}

func (p *agePart) show() string {
	var b strings.Builder
	b.WriteString(p.h.performAll(p.h.c.out.take()))
	if at := p.h.c.age.checkAt; at != (protocol.Instant{}) {
		b.WriteString("check in " + rounded(at.Mono-p.h.now.Mono).String())
	} else {
		b.WriteString("not watched")
	}
	return b.String()
}
