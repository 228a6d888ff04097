package connection

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// checkoutsPart runs the scripts of testdata/checkouts.
type checkoutsPart struct {
	clock
	checkouts checkouts
	h         *harness // has the features
}

func newCheckoutsPart() part {
	t := newThrottle()
	return &checkoutsPart{clock: start, checkouts: newCheckouts(&t), h: newHarness(scriptSettings(), "a1")}
}

func (p *checkoutsPart) run(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "wait" {
		return p.advance(t, d)
	}
	k, f := &p.checkouts, p.h.feature(t, script.Word(t, d))
	switch d.Cmd {
	case "ask": // feature, request, mode=
		k.ask(p.now, &protocol.TakeOrder{Member: f, TakeSeat: protocol.TakeSeat{Take: 1, Mode: takeModes[script.Option(t, d, "mode", "first")]}},
			requestNamed(t, d.CmdArgs[1].Key))
	case "sent": // feature
		k.takes.begin(p.now, 1, &batch{takes: []*take{k.takes.of[f.ID()]}})
		k.takes.completed(1)
	case "granted": // feature
		k.granted(k.takes.of[f.ID()], &p.now, transport.Outcome{Lease: leaseNamed(script.Word(t, d)), Local: d.HasArg("local")})
	case "refused": // feature
		k.refused(p.now, k.takes.of[f.ID()])
	case "cancelled": // feature
		k.cancel(p.now, k.takes.of[f.ID()])
	case "released": // feature; here: it keeps nothing, but this stays its origin
		s, _ := k.leases.slot(f)
		k.release(p.now, s, &protocol.ReleaseOrder{Member: f}, d.HasArg("here"))
	case "lease-ended": // feature
		s, _ := k.leases.slot(f)
		k.leases.drop(s)
	case "taken-back": // feature: the server has everything back that is to be returned
		k.takenBack(&returnBatch{returns: slices.Clone(k.returns.of[f.ID()])})
	case "expire": // feature, timeout
		k.expire(p.now, script.Span(t, d.CmdArgs[1].Key))
	case "owed": // feature, request: another connection says that the server may have executed it
		k.owe(p.now, []protocol.Return{{Claim: f.ID(), Request: requestNamed(t, d.CmdArgs[1].Key)}})
	case "ended": // feature
		k.ended(f)
	case "moved-away": // feature: all of them move
		k.moveAway(p.now)
	case "panicked": // feature: the whole connection
		p.checkouts = k.rebuilt(p.now, k.throttle)
	default:
		return unknown(t, d)
	}
	return p.show()
}

// show prints where each request is.
func (p *checkoutsPart) show() string {
	var held, asked []string
	for s, f := range p.checkouts.leases.owner {
		if request := p.checkouts.leases.request[s]; f != nil && request != (messages.RequestID{}) {
			held = append(held, fmt.Sprintf("r%d", request[0])+script.Flagged(p.checkouts.leases.lacks(f.ID()), " without a lease"))
		}
	}
	for _, t := range p.checkouts.takes.all() {
		text := fmt.Sprintf("r%d", t.request[0])
		for i, r := range t.replaces {
			text += [...]string{" replaces ", " "}[min(i, 1)] + fmt.Sprintf("r%d", r[0])
		}
		asked = append(asked, text)
	}
	slices.Sort(held)
	return fmt.Sprintf("held [%s], asked for [%s], to return %s",
		strings.Join(held, ", "), strings.Join(asked, ", "), requestNames(p.checkouts.returns.all()))
}
