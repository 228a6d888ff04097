package connection

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/messages"
)

// returnsPart runs the scripts of testdata/pending_returns.
type returnsPart struct {
	clock
	returns  pendingReturns
	seq      uint64
	replaced map[messages.RequestID]bool
	h        *harness // has the calls that are answered
}

func newReturnsPart() part {
	return &returnsPart{
		clock: start, returns: newPendingReturns(), replaced: make(map[messages.RequestID]bool), h: newHarness(scriptSettings(), "a1"),
	}
}

func (p *returnsPart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "wait":
		return p.advance(t, d)
	case "return": // feature, request
		p.returns.add(p.now, p.claim(t, d), requestNamed(t, d.CmdArgs[1].Key))
	case "send": // at most=
		return p.send(script.Number(t, script.Option(t, d, "most", "9")))
	case "taken-back": // number of the call
		for _, r := range p.returns.completed(uint64(script.Number(t, script.Word(t, d)))).returns {
			p.returns.done(r)
		}
	case "failed": // number of the call
		b := p.returns.completed(uint64(script.Number(t, script.Word(t, d))))
		p.returns.enqueue(b.returns...)
		p.returns.answerAll()
	case "take-replaces": // request
		p.replaced[requestNamed(t, script.Word(t, d))] = true
	case "take-came-to-nothing": // feature
		clear(p.replaced)
		p.returns.enqueueClaim(p.claim(t, d))
	case "granted": // feature, request that the grant replaced
		p.returns.replaced(p.claim(t, d), []messages.RequestID{requestNamed(t, d.CmdArgs[1].Key)})
	case "checkin": // feature
		p.returns.wait(p.claim(t, d), p.h.call("the checkin of "+script.Word(t, d)))
	case "expire": // timeout, asking= a feature
		asking := uint64(script.Number(t, strings.TrimPrefix(script.Option(t, d, "asking", "f0"), "f")))
		p.returns.expire(p.now, script.Span(t, script.Word(t, d)), func(claim uint64) bool { return claim == asking })
	default:
		return unknown(t, d)
	}
	return p.show()
}

func (p *returnsPart) send(most int) string {
	var calls []string
	replaced := func(r *pendingReturn) bool { return p.replaced[r.request] }
	for list := p.returns.next(most, replaced); len(list) > 0; list = p.returns.next(most, replaced) {
		p.seq++
		p.returns.begin(p.seq, &returnBatch{returns: list})
		calls = append(calls, fmt.Sprintf("#%d %s", p.seq, requestNames(list)))
	}
	return facts(calls...)
}

func (p *returnsPart) claim(t *testing.T, d *datadriven.TestData) uint64 {
	return p.h.feature(t, script.Word(t, d)).ID()
}

func (p *returnsPart) show() string {
	return "to return " + requestNames(p.returns.all()) + "\n" + p.h.performAll(nil)
}

func requestNamed(t *testing.T, name string) messages.RequestID {
	t.Helper()
	return requestOf(byte(script.Number(t, strings.TrimPrefix(name, "r"))))
}

func requestNames(list []*pendingReturn) string {
	var all []string
	for _, r := range list {
		all = append(all, fmt.Sprintf("r%d", r.request[0]))
	}
	return "[" + strings.Join(all, " ") + "]"
}
