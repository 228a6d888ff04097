package actors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// TestDirectoryScripts plays the conversations of testdata/scripts: which connection serves what, who gave up, and when
// everything is returned. Connections are called c1, c2 ... in the order in which they were made.
func TestDirectoryScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newGuide()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.command(t, d)
		})
	})
}

// guide is a directory under test, with the time and the Close that waits for it.
type guide struct {
	d      *directory
	now    Instant
	wakeAt Instant
	closed *Reply
}

// guideSession is a session that is only passed around.
type guideSession struct{ transport.Session }

func newGuide() *guide {
	set := trialSettings()
	set.Servers = []messages.Address{"a1", "b1", "c1"}
	set.Interval = 2 * time.Minute
	return &guide{d: newDirectory(&set)}
}

func (w *guide) command(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "wait" {
		return w.wait(span(t, word(t, d)))
	}
	var b strings.Builder
	for range number(t, option(t, d, "times", "1")) {
		b.WriteString(w.step(w.input(t, d)))
		b.WriteString(w.wait(span(t, option(t, d, "every", "0s"))))
	}
	return b.String()
}

// wait lets time pass and wakes the directory whenever it asked for it.
func (w *guide) wait(d time.Duration) string {
	until := w.now.after(d)
	var b strings.Builder
	for w.wakeAt != (Instant{}) && !until.before(w.wakeAt) {
		w.now, w.wakeAt = w.wakeAt, Instant{}
		if text := w.step(&wakeUp{}); text != "" {
			fmt.Fprintf(&b, "at %s:\n%s", w.now.mono, text)
		}
	}
	w.now = until
	return b.String()
}

func (w *guide) input(t *testing.T, d *datadriven.TestData) any {
	switch d.Cmd {
	case "take": // address
		return &takeOrder{takeSeat: takeSeat{take: 1, address: messages.Address(word(t, d))}, member: &Member{}}
	case "release":
		return &releaseOrder{member: &Member{}}
	case "identify": // connection, address, server
		return identify{connection: w.link(t, d, 0), dialled: w.foundAt(t, d, 1)}
	case "other-server": // connection, address, server; move, given-away
		f := w.foundAt(t, d, 1)
		if d.HasArg("given-away") {
			f.session = nil
		}
		return otherServerFound{connection: w.link(t, d, 0), dialled: f, move: d.HasArg("move")}
	case "gave-up": // connection, feature; times=, every=
		return &gaveUp{connection: w.link(t, d, 0), feature: d.CmdArgs[1].Key, failed: 3, cause: "timeout"}
	case "closing":
		return &closing{}
	case "drain":
		w.closed = NewReply()
		return &drainAll{reply: w.closed}
	case "drained": // connection
		return drained{w.link(t, d, 0)}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return nil
	}
}

// link returns the connection that the argument names.
func (w *guide) link(t *testing.T, d *datadriven.TestData, arg int) *ConnectionRef {
	t.Helper()
	return w.d.connections[number(t, strings.TrimPrefix(d.CmdArgs[arg].Key, "c"))-1]
}

// foundAt returns a session at the address and to the server that two arguments name.
func (w *guide) foundAt(t *testing.T, d *datadriven.TestData, arg int) dialled {
	t.Helper()
	address, id := d.CmdArgs[arg].Key, d.CmdArgs[arg+1].Key
	return dialled{
		address: messages.Address(address), session: &guideSession{},
		hello: transport.Hello{Identity: messages.Identity{ServerID: id, BootID: "b1", Epoch: 1}},
	}
}

func (w *guide) step(in any) string {
	var b strings.Builder
	for _, e := range w.d.step(w.now, in) {
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

func (w *guide) describe(e Effect) string {
	switch e := e.(type) {
	case spawn:
		return fmt.Sprintf("spawn %s for %s", w.name(e.connection), e.connection.Server().Address)
	case forward:
		return fmt.Sprintf("to %s: %s", w.name(e.to), w.describeInput(e.in))
	case exit:
		return fmt.Sprintf("exit: %d features %v of %v, %d failed, %s", e.event.Features, e.event.Names, e.event.Servers, e.event.Failed, e.event.Cause)
	case publish:
		return fmt.Sprintf("publish %s %+v", messages.Name(e.event), e.event)
	case wakeAt:
		w.wakeAt = e.at
		return ""
	default:
		return fmt.Sprintf("%T", e)
	}
}

func (w *guide) describeInput(in any) string {
	name := inputName(in)
	switch in := in.(type) {
	case *confirmed:
		return fmt.Sprintf("%s at %s", name, in.dialled.address)
	case *addressFound:
		return fmt.Sprintf("%s of %s", name, in.dialled.address)
	case *aliasOf:
		return fmt.Sprintf("%s %s", name, w.name(in.connection))
	case *replacedBy:
		return fmt.Sprintf("%s %s", name, w.name(in.connection))
	default:
		return name
	}
}

func (w *guide) name(link *ConnectionRef) string {
	for i, l := range w.d.connections {
		if l == link {
			return fmt.Sprintf("c%d", i+1)
		}
	}
	return "nobody"
}

func TestAReplyToOneConnectionIsKnownToTheFeaturesOfEach(t *testing.T) {
	w := newGuide()
	for _, a := range []messages.Address{"a1", "b1"} {
		w.step(&takeOrder{takeSeat: takeSeat{take: 1, address: a}, member: &Member{}})
	}
	w.d.connections[1].NoteReply(2 * time.Second)
	assert.True(t, w.d.connections[0].RepliedSince(Instant{mono: time.Second}))
	assert.False(t, w.d.connections[0].RepliedSince(Instant{mono: 3 * time.Second}))
}
