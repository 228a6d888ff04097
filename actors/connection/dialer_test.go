package connection

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/transport"
)

// dialerPart runs the scripts of testdata/dialer.
type dialerPart struct {
	clock
	dialer   dialer
	sessions map[string]transport.Session
}

func (p *dialerPart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		return p.advance(t, d)
	case "retry-now":
		p.dialer.retryNow()
	case "rest":
		p.dialer.rest()
	case "wait-until": // in=
		p.dialer.waitUntil(p.after(t, d, "in"))
	case "connect": // number
		p.dialer.begin(p.now, uint64(script.Number(t, script.Word(t, d))), 1)
	case "connected": // number
		if p.dialer.completed(uint64(script.Number(t, script.Word(t, d)))) == nil {
			return "nobody waits for it"
		}
	case "use": // session
		if old := p.dialer.use(p.session(script.Word(t, d))); old != nil {
			return p.show() + "\nclose " + old.(*namedSession).name
		}
	case "drop": // session
		if !p.dialer.drop(p.session(script.Word(t, d))) {
			return "not in use"
		}
	case "plan": // not-before=
		p.dialer.plan(p.now, p.after(t, d, "not-before"))
	case "plan-by": // in=
		p.dialer.planBy(p.after(t, d, "in"))
	case "unplan":
		p.dialer.unplan()
	case "due":
		if !p.dialer.due(p.now) {
			return "not due"
		}
	case "answered":
		p.dialer.answered()
	default:
		return unknown(t, d)
	}
	return p.show()
}

func (p *dialerPart) session(name string) transport.Session {
	if p.sessions == nil {
		p.sessions = make(map[string]transport.Session)
	}
	if p.sessions[name] == nil {
		p.sessions[name] = &namedSession{name: name}
	}
	return p.sessions[name]
}

func (p *dialerPart) show() string {
	session, retry := "", ""
	if p.dialer.session != nil {
		session = "session " + p.dialer.session.(*namedSession).name
	}
	if p.dialer.planned() {
		retry = "retry in " + p.in(p.dialer.retryAt)
	}
	return facts(session, script.Flagged(p.dialer.attempt != nil, "connecting"), script.Flagged(p.dialer.wanted, "wanted"), retry)
}
