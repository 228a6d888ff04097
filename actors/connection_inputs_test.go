package actors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

const time2m = 2 * time.Minute

// connectionInputs are the commands of a script that tell the connection something. Those that answer an exchange mean
// the oldest one of its kind unless seq= says otherwise, and come from the server as it is now unless id=, boot= or
// epoch= say otherwise.
var connectionInputs = map[string]func(*testing.T, *tie, *datadriven.TestData) any{
	"take":    func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.takeOrder(t, d) },
	"release": func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.leaveOrder(t, d) },
	"heartbeat": func(t *testing.T, w *tie, d *datadriven.TestData) any { // feature, as=
		return &beatOrder{member: w.feature(t, word(t, d)), reply: w.call("the heartbeat of " + option(t, d, "as", word(t, d)))}
	},
	"drain":          func(*testing.T, *tie, *datadriven.TestData) any { return &drain{} },
	"beat-due":       func(*testing.T, *tie, *datadriven.TestData) any { return &beatDue{} },
	"outage-decided": func(*testing.T, *tie, *datadriven.TestData) any { return &outageDecided{} },
	"clock-jumped":   func(*testing.T, *tie, *datadriven.TestData) any { return &clockJumped{} },
	"wake":           func(*testing.T, *tie, *datadriven.TestData) any { return &wakeUp{} },

	"connected":      func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.connected(t, d) },
	"connect-failed": func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.connected(t, d) },
	"beat-answered":  func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.beatAnswered(t, d) },
	"takes-answered": func(t *testing.T, w *tie, d *datadriven.TestData) any { return w.takesAnswered(t, d) },
	"takes-failed": func(t *testing.T, w *tie, d *datadriven.TestData) any {
		return &takesAnswered{seq: w.answers(t, d, "checkout").(checkout).seq, err: w.failure(t, d)}
	},
	"returns-answered": func(t *testing.T, w *tie, d *datadriven.TestData) any {
		return &returnsAnswered{
			seq: w.answers(t, d, "checkin").(checkinAll).seq, reply: transport.CheckinReply{Hello: w.said(t, d)},
		}
	},
	"returns-failed": func(t *testing.T, w *tie, d *datadriven.TestData) any {
		return &returnsAnswered{seq: w.answers(t, d, "checkin").(checkinAll).seq, err: w.failure(t, d)}
	},

	"confirmed": func(_ *testing.T, w *tie, _ *datadriven.TestData) any { return &confirmed{dialled: w.dialled} },
	"alias-of": func(t *testing.T, w *tie, d *datadriven.TestData) any { // whom
		return &aliasOf{connection: w.link(messages.Address(word(t, d)))}
	},
	"address-found": func(t *testing.T, w *tie, d *datadriven.TestData) any { // address
		address := messages.Address(word(t, d))
		return &addressFound{dialled: dialled{address: address, session: w.session(address), hello: w.said(t, d)}}
	},
	"replaced-by": func(t *testing.T, w *tie, d *datadriven.TestData) any { // whom
		return &replacedBy{connection: w.link(messages.Address(word(t, d)))}
	},
	"taken-over": func(t *testing.T, w *tie, d *datadriven.TestData) any { // feature, age=
		f, age := w.feature(t, word(t, d)), span(t, option(t, d, "age", "0s"))
		f.Show(messages.StateRetaking, nil, false) // one that ended is not taken over
		renewed := &Instant{mono: w.now.mono - age, wall: w.now.wall - age}
		return &takenOver{members: []*Member{f}, renewed: []*Instant{renewed}}
	},
	"holdings-query": func(t *testing.T, w *tie, d *datadriven.TestData) any { // feature
		return &holdingsQuery{member: w.feature(t, word(t, d))}
	},
}

// takeOrder: feature and number; mode=first, sweep or retake; timeout=; exact.
func (w *tie) takeOrder(t *testing.T, d *datadriven.TestData) any {
	f := w.feature(t, word(t, d))
	f.Exact = f.Exact || d.HasArg("exact")
	modes := map[string]takeMode{"first": firstMode, "sweep": roundMode, "retake": retakeMode, "wait": waitMode}
	o := &takeOrder{member: f, takeSeat: takeSeat{
		take: uint32(number(t, d.CmdArgs[1].Key)), mode: modes[option(t, d, "mode", "first")], began: w.now,
	}}
	if o.mode != retakeMode {
		o.timeout = span(t, option(t, d, "timeout", w.set.ConnectTimeout.String()))
	}
	return o
}

// leaveOrder: feature and the highest number of a take that is off; keep= the take that the lease here is from, or
// keep=elsewhere, or nothing; checkin.
func (w *tie) leaveOrder(t *testing.T, d *datadriven.TestData) any {
	o := &releaseOrder{member: w.feature(t, word(t, d)), release: release{upTo: uint32(number(t, d.CmdArgs[1].Key))}}
	switch keep := option(t, d, "keep", ""); keep {
	case "":
	case "elsewhere":
		o.except, o.held = w.link("elsewhere"), o.upTo
	default:
		o.except, o.held = w.c.ref, uint32(number(t, keep))
	}
	if d.HasArg("checkin") {
		o.origin, o.reply = w.c.ref, w.call("the checkin of "+word(t, d))
	}
	return o
}

// connected: address; stranger=address/server. Or connect-failed: refused=, retry-after=.
func (w *tie) connected(t *testing.T, d *datadriven.TestData) any {
	in := &connected{seq: w.answers(t, d, "connect").(connect).seq}
	if arg, ok := d.Arg("other-server"); ok {
		address, id, _ := strings.Cut(arg.SingleVal(t), "/")
		hello := w.hello
		hello.Identity.ServerID, hello.Identity.BootID = id, id+"-b1"
		a := messages.Address(address)
		in.otherSessions = []dialled{{address: a, session: w.session(a), hello: hello}}
	}
	if d.Cmd == "connect-failed" {
		in.err = w.failure(t, d)
		return in
	}
	in.address = messages.Address(word(t, d))
	in.session, in.hello = w.session(in.address), w.said(t, d)
	return in
}

// beatAnswered: one chunk for each line of input, "ok" or "failed" or "refused reason"; one good chunk without lines.
// ended=(lease:reason,...) and not-before= belong to the last good chunk. Each chunk names an equal share of the leases.
func (w *tie) beatAnswered(t *testing.T, d *datadriven.TestData) any {
	beat := w.answers(t, d, "beat").(sendBeat)
	lines := strings.Split(d.Input, "\n")
	in := &beatAnswered{seq: beat.seq}
	share := (len(beat.leases) + len(lines) - 1) / len(lines)
	for i, line := range lines {
		chunk := chunkAnswer{from: min(i*share, len(beat.leases))}
		chunk.count = min(share, len(beat.leases)-chunk.from)
		chunk.reply.Hello = w.hello
		words := strings.Fields(line + " ")
		if len(words) > 0 && words[0] == "failed" || d.HasArg("refused") || d.HasArg("cause") {
			chunk.err = w.failure(t, d)
		}
		if i == len(lines)-1 && chunk.err == nil {
			chunk.reply.Hello = w.said(t, d)
			chunk.reply.NotBefore = span(t, option(t, d, "not-before", "0s"))
			chunk.reply.Ended = endedLeases(t, d)
		}
		in.chunks = append(in.chunks, chunk)
	}
	return in
}

func endedLeases(t *testing.T, d *datadriven.TestData) []transport.Ended {
	arg, _ := d.Arg("ended")
	var list []transport.Ended
	for _, v := range arg.Vals {
		lease, reason, _ := strings.Cut(v, ":")
		list = append(list, transport.Ended{Lease: leaseNamed(lease), Reason: reasonNamed(t, reason)})
	}
	return list
}

// takesAnswered: one line for each outcome, in the order of the takes.
func (w *tie) takesAnswered(t *testing.T, d *datadriven.TestData) any {
	call := w.answers(t, d, "checkout").(checkout)
	in := &takesAnswered{seq: call.seq, reply: transport.CheckoutReply{Hello: w.said(t, d)}}
	for i, line := range strings.Split(d.Input, "\n") {
		if line != "" {
			in.reply.Outcomes = append(in.reply.Outcomes, outcome(t, call.takes[i], strings.Fields(line)))
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
		o.Result, o.Reason = transport.Refused, reasonNamed(t, words[1])
		if len(words) > 2 {
			o.RetryAfter = span(t, words[2])
		}
	case "gone":
		o.Result, o.Reason = transport.Gone, reasonNamed(t, words[1])
	case "nonsense":
	default:
		t.Fatal(fmt.Sprint("no outcome is called ", words))
	}
	return o
}
