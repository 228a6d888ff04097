package directory

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// TestDirectoryScripts plays the conversations of testdata/scripts: which connection serves which address and server, which
// features exited, and when everything is returned. Connections are called c1, c2 ... in the order in which they were made.
func TestDirectoryScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newHarness()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.command(t, d)
		})
	})
}

// harness runs one machine by hand, with the time and the Close that waits for the returns.
type harness struct {
	d      *Machine
	now    protocol.Instant
	wakeAt protocol.Instant
	closed *protocol.Reply
}

// namelessSession is a session that is only passed around.
type namelessSession struct{ transport.Session }

func newHarness() *harness {
	set := script.DefaultSettings()
	set.Servers = []messages.Address{"a1", "b1", "c1"}
	set.Interval = 2 * time.Minute
	return &harness{d: New(&set)}
}

func (w *harness) command(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "wait" {
		return w.wait(script.Span(t, script.Word(t, d)))
	}
	var b strings.Builder
	for range script.Number(t, script.Option(t, d, "times", "1")) {
		b.WriteString(w.step(w.input(t, d)))
		b.WriteString(w.wait(script.Span(t, script.Option(t, d, "every", "0s"))))
	}
	return b.String()
}

// wait lets time pass and wakes the directory whenever it asked for it.
func (w *harness) wait(d time.Duration) string {
	until := w.now.After(d)
	var b strings.Builder
	for w.wakeAt != (protocol.Instant{}) && !until.Before(w.wakeAt) {
		w.now, w.wakeAt = w.wakeAt, protocol.Instant{}
		if text := w.step(&protocol.WakeUp{}); text != "" {
			fmt.Fprintf(&b, "at %s:\n%s", w.now.Mono, text)
		}
	}
	w.now = until
	return b.String()
}

func (w *harness) input(t *testing.T, d *datadriven.TestData) any {
	switch d.Cmd {
	case "take": // address
		return &protocol.TakeOrder{TakeSeat: protocol.TakeSeat{Take: 1, Address: messages.Address(script.Word(t, d))}, Member: &protocol.Member{}}
	case "release":
		return &protocol.ReleaseOrder{Member: &protocol.Member{}}
	case "identify": // connection, address, server
		return protocol.Identify{Connection: w.ref(t, d, 0), Dialled: w.foundAt(t, d, 1)}
	case "other-server": // connection, address, server; move, given-away
		f := w.foundAt(t, d, 1)
		if d.HasArg("given-away") {
			f.Session = nil
		}
		return protocol.OtherServerFound{Connection: w.ref(t, d, 0), Dialled: f, Move: d.HasArg("move")}
	case "gave-up": // connection, feature; times=, every=
		return &protocol.GaveUp{Connection: w.ref(t, d, 0), Feature: d.CmdArgs[1].Key, Failed: 3, Cause: "timeout"}
	case "closing":
		return &Closing{}
	case "drain":
		w.closed = protocol.NewReply()
		return &DrainAll{Reply: w.closed}
	case "drained": // connection
		return protocol.Drained{Connection: w.ref(t, d, 0)}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return nil
	}
}

// ref returns the connection that the argument names.
func (w *harness) ref(t *testing.T, d *datadriven.TestData, arg int) *protocol.ConnectionRef {
	t.Helper()
	return w.d.addresses.all[script.Number(t, strings.TrimPrefix(d.CmdArgs[arg].Key, "c"))-1]
}

// foundAt returns a session at the address and to the server that two arguments name.
func (w *harness) foundAt(t *testing.T, d *datadriven.TestData, arg int) protocol.Dialled {
	t.Helper()
	address, id := d.CmdArgs[arg].Key, d.CmdArgs[arg+1].Key
	return protocol.Dialled{
		Address: messages.Address(address), Session: &namelessSession{},
		Hello: transport.Hello{Identity: messages.Identity{ServerID: id, BootID: "b1", Epoch: 1}},
	}
}

func (w *harness) step(in any) string {
	var b strings.Builder
	for _, e := range w.d.Step(w.now, in) {
		if text := w.describe(e); text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	if w.closed != nil {
		select {
		case err := <-w.closed.Answered():
			fmt.Fprintln(&b, "close is answered:", err)
		default:
		}
	}
	return b.String()
}

func (w *harness) describe(e protocol.Effect) string {
	switch e := e.(type) {
	case Spawn:
		return fmt.Sprintf("spawn %s for %s", w.name(e.Connection), e.Connection.Server().Address)
	case protocol.Forward:
		return fmt.Sprintf("to %s: %s", w.name(e.To), w.describeInput(e.In))
	case Exit:
		return fmt.Sprintf("exit: %d features %v of %v, %d failed, %s", e.Event.Features, e.Event.Names, e.Event.Servers, e.Event.Failed, e.Event.Cause)
	case protocol.Publish:
		return fmt.Sprintf("publish %s %+v", messages.Name(e.Event), e.Event)
	case protocol.WakeAt:
		w.wakeAt = e.At
		return ""
	default:
		return fmt.Sprintf("%T", e)
	}
}

func (w *harness) describeInput(in any) string {
	name := script.Name(in)
	switch in := in.(type) {
	case *protocol.Confirmed:
		return fmt.Sprintf("%s at %s", name, in.Dialled.Address)
	case *protocol.AddressFound:
		return fmt.Sprintf("%s of %s", name, in.Dialled.Address)
	case *protocol.AliasOf:
		return fmt.Sprintf("%s %s", name, w.name(in.Connection))
	case *protocol.ReplacedBy:
		return fmt.Sprintf("%s %s", name, w.name(in.Connection))
	default:
		return name
	}
}

func (w *harness) name(ref *protocol.ConnectionRef) string {
	for i, l := range w.d.addresses.all {
		if l == ref {
			return fmt.Sprintf("c%d", i+1)
		}
	}
	return "nobody"
}

func TestAReplyToOneConnectionIsKnownToTheFeaturesOfEach(t *testing.T) {
	w := newHarness()
	for _, a := range []messages.Address{"a1", "b1"} {
		w.step(&protocol.TakeOrder{TakeSeat: protocol.TakeSeat{Take: 1, Address: a}, Member: &protocol.Member{}})
	}
	w.d.addresses.all[1].NoteReply(2 * time.Second)
	assert.True(t, w.d.addresses.all[0].RepliedSince(protocol.Instant{Mono: time.Second}))
	assert.False(t, w.d.addresses.all[0].RepliedSince(protocol.Instant{Mono: 3 * time.Second}))
}
