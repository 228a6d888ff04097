package connection

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// gatePart runs the scripts of testdata/outage_gate.
type gatePart struct {
	clock
	gate outageGate
}

func (p *gatePart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		p.advance(t, d)
		return script.Flagged(p.gate.overdue(p.now), "overdue")
	case "failed":
		p.gate.down(p.now)
	case "restarted":
		p.gate.restarted()
	case "answered":
		downAt, news := p.gate.up()
		if !news {
			return "no news"
		}
		p.gate.ask(p.now, &protocol.ServerSeen{DownAt: downAt})
	case "send":
		seen := p.gate.takeUnsent()
		if seen == nil {
			return "nothing to send"
		}
		return "ask the counter, down since " + p.in(seen.DownAt)
	case "good": // recovered
		p.gate.hold(&goodBeat{beat: &beatInFlight{}, recovered: d.HasArg("recovered")})
	case "decided":
		good := p.gate.open()
		if good == nil {
			return "nothing waited"
		}
		return "act on the heartbeat" + script.Prefixed(", ", script.Flagged(good.recovered, "features recover"))
	case "panicked":
		p.gate = p.gate.rebuilt(p.now)
	default:
		return unknown(t, d)
	}
	return map[bool]string{true: "closed for " + p.in(p.gate.until), false: "open"}[p.gate.closed()]
}
