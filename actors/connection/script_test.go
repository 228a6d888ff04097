package connection

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// TestConnectionScripts plays the conversations of testdata/scripts: the inputs of one connection, and the effects that it
// orders.
func TestConnectionScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newHarness(scriptSettings(), "a1")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.command(t, d)
		})
	})
}

// scriptSettings are the settings of a script that does not change them.
func scriptSettings() protocol.Settings {
	set := script.DefaultSettings()
	set.Servers = []messages.Address{"a1", "b1", "c1"}
	set.Interval = time2m
	return set
}

// command runs one command of a script and returns what came of it.
func (w *harness) command(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "settings": // servers, attempts, interval, enforce
		set := script.Settings(t, d)
		if !d.HasArg("servers") {
			set.Servers = scriptSettings().Servers
		}
		*w = *newHarness(set, set.Servers[0])
		return ""
	case "server": // what the server says of itself from now on: id, boot, epoch, timeout
		w.hello = w.helloFrom(t, d)
		return ""
	case "wait": // how long; the connection is woken when it asked for it
		return w.wait(script.Span(t, script.Word(t, d)))
	case "sleep": // how long the machine sleeps: only wall time passes
		w.now.Wall += script.Span(t, script.Word(t, d))
		return ""
	case "held": // these leases by features of the same numbers: L1 by f1
		return w.hold(t, d)
	case "panicked": // the machine is rebuilt
		return w.panicked()
	case "show":
		return w.show()
	}
	maker := connectionInputs[d.Cmd]
	if maker == nil {
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return w.step(maker(t, w, d))
}

// hold makes an identified connection hold leases.
func (w *harness) hold(t *testing.T, d *datadriven.TestData) string {
	for _, arg := range d.CmdArgs {
		w.take(t, "f"+strings.TrimPrefix(arg.Key, "L"), arg.Key)
	}
	w.inFlight["checkout"] = nil
	return w.show()
}

// take lets a feature hold a lease.
func (w *harness) take(t *testing.T, feature, lease string) {
	t.Helper()
	w.step(&protocol.TakeOrder{Member: w.feature(t, feature), TakeSeat: protocol.TakeSeat{Take: 1, Mode: protocol.FirstMode, Timeout: time.Second}})
	if w.c.dialer.session == nil {
		w.connect(t)
	}
	w.step(&TakesAnswered{Seq: w.lastSeq("checkout"), Reply: w.granted(t, lease)})
}

func (w *harness) connect(t *testing.T) {
	t.Helper()
	address := w.set.Servers[0]
	w.inFlight["connect"] = nil
	w.step(&Connected{Seq: w.c.dialer.attempt.seq, Address: address, Session: w.session(address), Hello: w.hello})
	w.step(&protocol.Confirmed{Dialled: w.dialled})
	if w.c.gate.closed() {
		w.step(&protocol.OutageDecided{})
	}
}

func (w *harness) granted(t *testing.T, lease string) transport.CheckoutReply {
	t.Helper()
	return transport.CheckoutReply{Hello: w.hello, Outcomes: []transport.Outcome{{
		Request: w.requests[len(w.requests)-1], Result: transport.Granted, Lease: leaseNamed(lease),
	}}}
}

// show prints what the connection knows.
func (w *harness) show() string {
	c := w.c
	leases, _ := c.checkouts.leases.pack()
	slices.SortFunc(leases, func(a, b messages.LeaseID) int { return strings.Compare(leaseName(a), leaseName(b)) })
	var takes, owed []string
	for _, t := range c.checkouts.takes.all() {
		takes = append(takes, fmt.Sprintf("%d of f%d as %s", t.number, t.member.ID(), w.request(t.request)))
	}
	for _, r := range c.checkouts.returns.all() {
		owed = append(owed, w.request(r.request))
	}
	return fmt.Sprintf("%s, failed %d%s; leases [%s], features %d; takes [%s]; owed [%s]\n",
		[...]string{"unidentified", "identifying", "identified", "merged"}[c.peer.phase], c.beats.failed, script.Prefixed(", ", script.Flagged(c.beats.recovering, "broken")),
		leaseNames(leases), len(c.checkouts.leases.index), strings.Join(takes, ", "), strings.Join(owed, " "))
}

// helloFrom returns what the server says of itself, changed by the options id, boot, epoch and timeout.
func (w *harness) helloFrom(t *testing.T, d *datadriven.TestData) transport.Hello {
	h := w.hello
	h.Identity.ServerID = script.Option(t, d, "id", h.Identity.ServerID)
	h.Identity.BootID = script.Option(t, d, "boot", h.Identity.BootID)
	h.Identity.Epoch = uint64(script.Number(t, script.Option(t, d, "epoch", fmt.Sprint(h.Identity.Epoch))))
	h.ClientTimeout = script.Span(t, script.Option(t, d, "timeout", h.ClientTimeout.String()))
	return h
}

// answers returns the call that a command answers: the oldest one of its kind under way, or that of seq=, or, with again,
// the one that was answered last.
func (w *harness) answers(t *testing.T, d *datadriven.TestData, kind string) protocol.Effect {
	t.Helper()
	if d.HasArg("again") {
		return w.answered[kind]
	}
	list := w.inFlight[kind]
	at := slices.IndexFunc(list, func(e protocol.Effect) bool {
		return !d.HasArg("seq") || fmt.Sprint(seqOf(e)) == script.Option(t, d, "seq", "")
	})
	if at < 0 {
		d.Fatalf(t, "no %s is under way", kind)
	}
	e := list[at]
	w.inFlight[kind], w.answered[kind] = slices.Delete(slices.Clone(list), at, at+1), e
	return e
}

func seqOf(e protocol.Effect) uint64 {
	switch e := e.(type) {
	case Connect:
		return e.Seq
	case SendBeat:
		return e.Seq
	case Checkout:
		return e.Seq
	case CheckinAll:
		return e.Seq
	default:
		return 0
	}
}

// lastSeq returns the number of the latest call of a kind.
func (w *harness) lastSeq(kind string) uint64 {
	list := w.inFlight[kind]
	return seqOf(list[len(list)-1])
}

// failure is the error of a call: no answer, or with refused=reason a refusal.
func (w *harness) failure(t *testing.T, d *datadriven.TestData) error {
	if !d.HasArg("refused") {
		return errors.New(script.Option(t, d, "cause", "timeout"))
	}
	r := &transport.Refusal{Reason: script.ReasonNamed(t, script.Option(t, d, "refused", ""))}
	r.RetryAfter = script.Span(t, script.Option(t, d, "retry-after", "0s"))
	if !d.HasArg("anonymous") {
		r.Hello = w.helloFrom(t, d)
	}
	return r
}
