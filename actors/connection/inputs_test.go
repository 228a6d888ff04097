package connection

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

const time2m = 2 * time.Minute

// connectionInputs are the commands of a script that give the connection an input. A command that answers a call answers
// the oldest one of its kind, or the one of seq=. The answer has the identity of the server as it is now, or that of id=,
// boot= and epoch=.
var connectionInputs = map[string]func(*testing.T, *harness, *datadriven.TestData) any{
	"take":    func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.takeOrder(t, d) },
	"release": func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.releaseOrder(t, d) },
	"heartbeat": func(t *testing.T, w *harness, d *datadriven.TestData) any { // feature, as=
		return &protocol.BeatOrder{Member: w.feature(t, script.Word(t, d)), Reply: w.call("the heartbeat of " + script.Option(t, d, "as", script.Word(t, d)))}
	},
	"drain":          func(*testing.T, *harness, *datadriven.TestData) any { return &protocol.Drain{} },
	"beat-due":       func(*testing.T, *harness, *datadriven.TestData) any { return &protocol.BeatDue{} },
	"outage-decided": func(*testing.T, *harness, *datadriven.TestData) any { return &protocol.OutageDecided{} },
	"clock-jumped":   func(*testing.T, *harness, *datadriven.TestData) any { return &protocol.ClockJumped{} },
	"wake":           func(*testing.T, *harness, *datadriven.TestData) any { return &protocol.WakeUp{} },

	"connected":      func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.connected(t, d) },
	"connect-failed": func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.connected(t, d) },
	"beat-answered":  func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.beatAnswered(t, d) },
	"takes-answered": func(t *testing.T, w *harness, d *datadriven.TestData) any { return w.takesAnswered(t, d) },
	"takes-failed": func(t *testing.T, w *harness, d *datadriven.TestData) any {
		return &TakesAnswered{Seq: w.answers(t, d, "checkout").(Checkout).Seq, Err: w.failure(t, d)}
	},
	"returns-answered": func(t *testing.T, w *harness, d *datadriven.TestData) any {
		return &ReturnsAnswered{
			Seq: w.answers(t, d, "checkin").(CheckinAll).Seq, Reply: transport.CheckinReply{Hello: w.helloFrom(t, d)},
		}
	},
	"returns-failed": func(t *testing.T, w *harness, d *datadriven.TestData) any {
		return &ReturnsAnswered{Seq: w.answers(t, d, "checkin").(CheckinAll).Seq, Err: w.failure(t, d)}
	},

	"confirmed": func(_ *testing.T, w *harness, _ *datadriven.TestData) any {
		return &protocol.Confirmed{Dialled: w.dialled}
	},
	"alias-of": func(t *testing.T, w *harness, d *datadriven.TestData) any { // whom
		return &protocol.AliasOf{Connection: w.ref(messages.Address(script.Word(t, d)))}
	},
	"address-found": func(t *testing.T, w *harness, d *datadriven.TestData) any { // address
		address := messages.Address(script.Word(t, d))
		return &protocol.AddressFound{Dialled: protocol.Dialled{Address: address, Session: w.session(address), Hello: w.helloFrom(t, d)}}
	},
	"replaced-by": func(t *testing.T, w *harness, d *datadriven.TestData) any { // whom
		return &protocol.ReplacedBy{Connection: w.ref(messages.Address(script.Word(t, d)))}
	},
	"taken-over": func(t *testing.T, w *harness, d *datadriven.TestData) any { // feature, age=
		f, age := w.feature(t, script.Word(t, d)), script.Span(t, script.Option(t, d, "age", "0s"))
		f.Show(messages.StateRetaking, nil, false) // one that ended is not taken over
		renewed := &protocol.Instant{Mono: w.now.Mono - age, Wall: w.now.Wall - age}
		return &protocol.TakenOver{Members: []*protocol.Member{f}, Renewed: []*protocol.Instant{renewed}}
	},
	"holdings-query": func(t *testing.T, w *harness, d *datadriven.TestData) any { // feature
		return &protocol.HoldingsQuery{Member: w.feature(t, script.Word(t, d))}
	},
}

// takeOrder: feature and number; mode=first, sweep (a failover round), retake or wait; timeout=; exact.
func (w *harness) takeOrder(t *testing.T, d *datadriven.TestData) any {
	f := w.feature(t, script.Word(t, d))
	f.Exact = f.Exact || d.HasArg("exact")
	modes := map[string]protocol.TakeMode{"first": protocol.FirstMode, "sweep": protocol.RoundMode, "retake": protocol.RetakeMode, "wait": protocol.WaitMode}
	o := &protocol.TakeOrder{Member: f, TakeSeat: protocol.TakeSeat{
		Take: uint32(script.Number(t, d.CmdArgs[1].Key)), Mode: modes[script.Option(t, d, "mode", "first")], Began: w.now,
	}}
	if o.Mode != protocol.RetakeMode {
		o.Timeout = script.Span(t, script.Option(t, d, "timeout", w.set.ConnectTimeout.String()))
	}
	return o
}

// releaseOrder: feature and the highest number of a take that is given up; keep= the take that brought the lease here, or
// keep=elsewhere, or nothing; checkin.
func (w *harness) releaseOrder(t *testing.T, d *datadriven.TestData) any {
	o := &protocol.ReleaseOrder{Member: w.feature(t, script.Word(t, d)), Release: protocol.Release{UpTo: uint32(script.Number(t, d.CmdArgs[1].Key))}}
	switch keep := script.Option(t, d, "keep", ""); keep {
	case "":
	case "elsewhere":
		o.Except, o.Held = w.ref("elsewhere"), o.UpTo
	default:
		o.Except, o.Held = w.c.ref, uint32(script.Number(t, keep))
	}
	if d.HasArg("checkin") {
		o.Origin, o.Reply = w.c.ref, w.call("the checkin of "+script.Word(t, d))
	}
	return o
}

// connected: address; other-server=address/server. Or connect-failed: refused=, retry-after=.
func (w *harness) connected(t *testing.T, d *datadriven.TestData) any {
	in := &Connected{Seq: w.answers(t, d, "connect").(Connect).Seq}
	if arg, ok := d.Arg("other-server"); ok {
		address, id, _ := strings.Cut(arg.SingleVal(t), "/")
		hello := w.hello
		hello.Identity.ServerID, hello.Identity.BootID = id, id+"-b1"
		a := messages.Address(address)
		in.OtherSessions = []protocol.Dialled{{Address: a, Session: w.session(a), Hello: hello}}
	}
	if d.Cmd == "connect-failed" {
		in.Err = w.failure(t, d)
		return in
	}
	in.Address = messages.Address(script.Word(t, d))
	in.Session, in.Hello = w.session(in.Address), w.helloFrom(t, d)
	return in
}

// beatAnswered: one chunk for each line of input, "ok" or "failed" or "refused reason"; one good chunk without lines.
// ended=(lease:reason,...) and not-before= belong to the last good chunk. Each chunk names an equal share of the leases.
func (w *harness) beatAnswered(t *testing.T, d *datadriven.TestData) any {
	beat := w.answers(t, d, "beat").(SendBeat)
	lines := strings.Split(d.Input, "\n")
	in := &BeatAnswered{Seq: beat.Seq}
	share := (len(beat.Leases) + len(lines) - 1) / len(lines)
	for i, line := range lines {
		chunk := ChunkAnswer{From: min(i*share, len(beat.Leases))}
		chunk.Count = min(share, len(beat.Leases)-chunk.From)
		chunk.Reply.Hello = w.hello
		words := strings.Fields(line + " ")
		if len(words) > 0 && words[0] == "failed" || d.HasArg("refused") || d.HasArg("cause") {
			chunk.Err = w.failure(t, d)
		}
		if i == len(lines)-1 && chunk.Err == nil {
			chunk.Reply.Hello = w.helloFrom(t, d)
			chunk.Reply.NotBefore = script.Span(t, script.Option(t, d, "not-before", "0s"))
			chunk.Reply.Ended = endedLeases(t, d)
		}
		in.Chunks = append(in.Chunks, chunk)
	}
	return in
}

func endedLeases(t *testing.T, d *datadriven.TestData) []transport.Ended {
	arg, _ := d.Arg("ended")
	var list []transport.Ended
	for _, v := range arg.Vals {
		lease, reason, _ := strings.Cut(v, ":")
		list = append(list, transport.Ended{Lease: leaseNamed(lease), Reason: script.ReasonNamed(t, reason)})
	}
	return list
}

// takesAnswered: one line for each outcome, in the order of the takes.
func (w *harness) takesAnswered(t *testing.T, d *datadriven.TestData) any {
	call := w.answers(t, d, "checkout").(Checkout)
	in := &TakesAnswered{Seq: call.Seq, Reply: transport.CheckoutReply{Hello: w.helloFrom(t, d)}}
	for i, line := range strings.Split(d.Input, "\n") {
		if line != "" {
			in.Reply.Outcomes = append(in.Reply.Outcomes, outcome(t, call.Takes[i], strings.Fields(line)))
		}
	}
	return in
}

// outcome reads "granted L1 [overdraft]", "local", "refused reason [retry-after]", "gone reason" or "nonsense".
func outcome(t *testing.T, take transport.Take, words []string) transport.Outcome {
	t.Helper()
	o := transport.Outcome{Request: take.Request}
	switch words[0] {
	case "granted":
		o.Result, o.Lease = transport.Granted, leaseNamed(words[1])
		o.Overdraft = len(words) > 2
	case "local":
		o.Result, o.Local = transport.Granted, true
	case "refused":
		o.Result, o.Reason = transport.Refused, script.ReasonNamed(t, words[1])
		if len(words) > 2 {
			o.RetryAfter = script.Span(t, words[2])
		}
	case "gone":
		o.Result, o.Reason = transport.Gone, script.ReasonNamed(t, words[1])
	case "nonsense":
	default:
		t.Fatal(fmt.Sprint("no outcome is called ", words))
	}
	return o
}
