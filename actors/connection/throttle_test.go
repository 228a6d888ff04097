package connection

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// throttlePart runs the scripts of testdata/throttle.
type throttlePart struct {
	clock
	throttle throttle
}

var scopes = map[string]scope{"server": connectsAndBeats, "calls": takesAndReturns}

func (p *throttlePart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		return p.advance(t, d)
	case "hold": // server or calls, for=
		p.throttle.hold(scopes[script.Word(t, d)], p.after(t, d, "for"))
	case "replace": // server or calls, for=
		p.throttle.replace(scopes[script.Word(t, d)], p.after(t, d, "for"))
	case "hold-claim": // number, for=
		p.throttle.holdClaim(p.claim(t, d), p.after(t, d, "for"))
	case "hold-repeat": // number, for=
		p.throttle.holdRepeat(p.claim(t, d), p.after(t, d, "for"))
	case "forget-claim": // number
		p.throttle.forgetClaim(p.claim(t, d))
	case "forget-repeat": // number
		p.throttle.forgetRepeat(p.claim(t, d))
	case "panicked":
		p.throttle = p.throttle.rebuilt()
	case "claim": // number
		until, _ := p.throttle.repeatAfter(p.now, p.claim(t, d))
		return fmt.Sprintf("a new take in %s, its repetition in %s", p.left(p.throttle.until(p.claim(t, d))), p.left(until))
	case "cap": // asked, of=
		return capRetryAfter(script.Span(t, script.Word(t, d)), script.Span(t, script.Option(t, d, "of", "0s"))).String()
	default:
		return unknown(t, d)
	}
	return fmt.Sprintf("connects and heartbeats %s, takes and returns %s", p.allowed(connectsAndBeats), p.allowed(takesAndReturns))
}

func (p *throttlePart) claim(t *testing.T, d *datadriven.TestData) uint64 {
	return uint64(script.Number(t, script.Word(t, d)))
}

func (p *throttlePart) allowed(what scope) string {
	if p.throttle.allows(p.now, what) {
		return "now"
	}
	return "in " + p.in(*p.throttle.end(what))
}

// left prints how long something is still held back.
func (p *throttlePart) left(until protocol.Instant) string {
	return rounded(max(0, until.Mono-p.now.Mono)).String()
}
