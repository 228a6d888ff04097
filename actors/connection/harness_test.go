package connection

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// harness is a connection under test: its machine, the server at its other end, and the time. Everything has a name that
// scripts use: features are f1, f2 ..., requests are r1, r2 ... in the order in which they are seen, leases have the names
// that the script gives them.
type harness struct {
	c        *Machine
	set      protocol.Settings
	now      protocol.Instant
	wakeAt   protocol.Instant
	shown    protocol.Instant // when something is due, as printed last
	hello    transport.Hello  // what the server says of itself
	refs     map[messages.Address]*protocol.ConnectionRef
	features map[string]*protocol.Member
	sessions int
	requests []messages.RequestID
	calls    []namedCall
	inFlight map[string][]protocol.Effect // calls under way, by kind, oldest first
	answered map[string]protocol.Effect   // the call that was answered last, by kind
	dialled  protocol.Dialled             // the session that the runtime got last
}

type namedCall struct {
	name string
	call *protocol.Reply
}

// namedSession is a session that is only passed around.
type namedSession struct {
	transport.Session
	name string
}

func (s *namedSession) String() string { return s.name }

// newHarness returns a connection to an address, of which nothing is known yet. The server there is S1.
func newHarness(set protocol.Settings, address messages.Address) *harness {
	w := &harness{
		set: set, refs: make(map[messages.Address]*protocol.ConnectionRef), features: make(map[string]*protocol.Member),
		inFlight: make(map[string][]protocol.Effect), answered: make(map[string]protocol.Effect),
		hello: transport.Hello{
			Identity:      messages.Identity{ServerID: "S1", BootID: "b1", Epoch: 1},
			ClientTimeout: 5 * time.Minute,
		},
	}
	w.c = New(&w.set, w.ref(address), rand.New(rand.NewChaCha8([32]byte{1})))
	return w
}

// step gives the machine an input and prints what came of it.
func (w *harness) step(in any) string {
	return w.performAll(w.c.Step(w.now, in))
}

// panicked makes the machine anew, as the actor does after a panic.
func (w *harness) panicked() string {
	machine, effects := w.c.Rebuilt(w.now, rand.New(rand.NewChaCha8([32]byte{2})), false)
	w.c, w.wakeAt, w.shown = machine, protocol.Instant{}, protocol.Instant{}
	return w.performAll(effects)
}

func (w *harness) performAll(effects []protocol.Effect) string {
	var b strings.Builder
	for _, e := range effects {
		if text := w.perform(e); text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	if at := w.due(); at != w.shown {
		w.shown = at
		fmt.Fprintln(&b, w.describe(protocol.WakeAt{At: at}))
	}
	w.calls = slices.DeleteFunc(w.calls, func(c namedCall) bool {
		select {
		case err := <-c.call.Answered():
			fmt.Fprintf(&b, "%s is answered: %v\n", c.name, err)
			return true
		default:
			return false
		}
	})
	return b.String()
}

// due returns when something is due. When a session is doubted is left out: that says nothing new, since it follows from
// the call under way.
func (w *harness) due() protocol.Instant {
	if w.c.peer.phase == aliased || w.wakeAt == (protocol.Instant{}) {
		return w.wakeAt
	}
	return w.c.due(w.now)
}

// maxWakes is how often a connection may be woken in one wait: one that always wants to be woken at once would be a
// connection that spins.
const maxWakes = 100

// wait lets time pass and wakes the connection whenever it asked for it.
func (w *harness) wait(d time.Duration) string {
	var b strings.Builder
	until := w.now.After(d)
	for wakes := 0; w.wakeAt != (protocol.Instant{}) && !until.Before(w.wakeAt); wakes++ {
		if wakes == maxWakes {
			return "woken too often\n"
		}
		w.now = w.now.After(max(0, w.wakeAt.Mono-w.now.Mono))
		if w.wakeAt == w.shown {
			w.shown = protocol.Instant{}
		}
		w.wakeAt = protocol.Instant{}
		if text := w.step(&protocol.WakeUp{}); text != "" {
			fmt.Fprintf(&b, "at %s:\n%s", rounded(w.now.Mono), text)
		}
	}
	w.now = w.now.After(until.Mono - w.now.Mono)
	return b.String()
}

// perform notes what the script must know of an effect, and prints it.
func (w *harness) perform(e protocol.Effect) string {
	switch e := e.(type) {
	case Connect, SendBeat, Checkout, CheckinAll:
		kind := callKind(e)
		w.inFlight[kind] = append(w.inFlight[kind], e)
	case protocol.Identify:
		w.dialled = e.Dialled
	case protocol.OtherServerFound:
		w.dialled = e.Dialled
	case protocol.Answer:
		e.Reply.Answer(e.Err)
		return ""
	case protocol.WakeAt:
		w.wakeAt = e.At
		return ""
	}
	return w.describe(e)
}

func callKind(e protocol.Effect) string {
	switch e.(type) {
	case Connect:
		return "connect"
	case SendBeat:
		return "beat"
	case Checkout:
		return "checkout"
	default:
		return "checkin"
	}
}

// ref returns the connection of a name, the same one each time.
func (w *harness) ref(a messages.Address) *protocol.ConnectionRef {
	if w.refs[a] == nil {
		w.refs[a] = protocol.NewConnectionRef(a, nil)
	}
	return w.refs[a]
}

// feature returns the checkout of a name: f7 has the ID 7.
func (w *harness) feature(t *testing.T, name string) *protocol.Member {
	t.Helper()
	if w.features[name] == nil {
		f := &protocol.Member{}
		f.Claim = messages.Claim{
			ID: uint64(script.Number(t, strings.TrimPrefix(name, "f"))), Feature: "cad", Version: messages.V(1, 0), Count: 1,
		}
		w.features[name] = f
	}
	return w.features[name]
}

// session opens a session to whichever server answers at the address.
func (w *harness) session(address messages.Address) transport.Session {
	w.sessions++
	return &namedSession{name: fmt.Sprintf("%s#%d", address, w.sessions)}
}

// call makes a call of the application whose answer the script prints.
func (w *harness) call(name string) *protocol.Reply {
	c := protocol.NewReply()
	w.calls = append(w.calls, namedCall{name, c})
	return c
}

// request returns the name of a request.
func (w *harness) request(id messages.RequestID) string {
	i := slices.Index(w.requests, id)
	if i < 0 {
		i = len(w.requests)
		w.requests = append(w.requests, id)
	}
	return fmt.Sprintf("r%d", i+1)
}

// leaseNamed returns the lease of a name, and leaseName the name of a lease.
func leaseNamed(name string) messages.LeaseID {
	var id messages.LeaseID
	copy(id[:], name)
	return id
}

func leaseName(id messages.LeaseID) string { return strings.TrimRight(string(id[:]), "\x00") }

// rounded leaves out the digits that nobody reads.
func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
