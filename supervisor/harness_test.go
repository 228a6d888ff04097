package supervisor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// harness is a runtime with fake servers in a bubble of virtual time. It records the calls and the events of the runtime,
// and checks the invariants that hold for every run, most of them at once and the rest when the runtime is closed.
type harness struct {
	*testing.T
	net        *transporttest.Network
	wire       wiretap.Recorder
	invariants *wiretap.Invariants
	config     Config
	rt         *Runtime
	servers    []*transporttest.Server
	events     eventRecorder
	began      time.Time

	mu   sync.Mutex                // guards the field below
	most map[transport.Address]int // by the first address of a server: the most seats of f2 that were in use after a call
}

// withHarness runs a test with n servers s1:1, s2:1 ... that have 10 seats of f2 and 10 of f3 each. setup may change the
// configuration before the runtime starts; nil changes nothing.
func withHarness(t *testing.T, n int, setup func(*harness), play func(*harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &harness{T: t, net: transporttest.NewNetwork(), began: time.Now()}
		for i := range n {
			h.addServer(transport.Address(fmt.Sprintf("s%d:1", i+1)))
		}
		h.observeCalls(0)
		h.config.Heartbeat = Heartbeat{Attempts: 5, Interval: time.Minute}
		h.config.Callbacks.OnExit = func(messages.Exited) {}
		h.config.OnEvent = h.events.record
		if setup != nil {
			setup(h)
		}
		h.start()
		defer h.checkInvariants()
		defer h.close()
		play(h)
	})
}

// observeCalls puts the observers between the runtime and the network; for slack see wiretap.NewInvariants.
func (h *harness) observeCalls(slack time.Duration) {
	h.invariants = wiretap.NewInvariants(slack, h.Errorf)
	h.config.Transport = wiretap.New(h.net, h.wire.Observer(), h.invariants.Observer(), wiretap.Observer{Answered: h.noteUse})
}

// addServer adds a server at the end of the search list.
func (h *harness) addServer(address transport.Address) *transporttest.Server {
	server := h.net.AddServer(address, map[string]int{"f2": 10, "f3": 10})
	h.servers = append(h.servers, server)
	h.config.Servers = append(h.config.Servers, address)
	return server
}

// server returns the server with this number: server(1) is s1:1.
func (h *harness) server(n int) *transporttest.Server { return h.servers[n-1] }

func (h *harness) start() {
	rt, err := Start(h.Context(), h.config)
	require.NoError(h, err)
	h.rt = rt
}

// close closes the runtime. Every test does so at its end.
func (h *harness) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = h.rt.Close(ctx)
}

// checkInvariants checks the events of the whole run, and the invariants of calls that hold at the end.
func (h *harness) checkInvariants() {
	h.Helper()
	checkPairs(h.T, h.events.all())
	for _, e := range h.events.all() {
		if e, ok := e.event.(messages.ServerReplaced); ok {
			h.invariants.MayReplaceAt(e.Old.ServerID)
		}
	}
	h.invariants.Close()
}

// noteUse observes the answers and notes how many seats of f2 are in use after each.
func (h *harness) noteUse(*wiretap.Call, wiretap.Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.most == nil {
		h.most = map[transport.Address]int{}
	}
	for i, server := range h.servers {
		address := h.config.Servers[i]
		h.most[address] = max(h.most[address], server.Held("f2"))
	}
}

// mostHeld returns the most seats of f2 that were in use after a call, at the server with this first address.
func (h *harness) mostHeld(at transport.Address) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most[at]
}

// checkout takes a seat of f2.
func (h *harness) checkout() *License {
	h.Helper()
	return h.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
}

func (h *harness) checkoutOf(c messages.Checkout) *License {
	h.Helper()
	l, err := h.rt.Checkout(h.Context(), c)
	require.NoError(h, err)
	return l
}

// within returns a context with a deadline after d.
func (h *harness) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), d)
	h.Cleanup(cancel)
	return ctx
}

// pass lets virtual time pass, and then waits until all goroutines wait.
func (h *harness) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// until lets virtual time pass until the condition is true. It fails after three hours.
func (h *harness) until(what string, isTrue func() bool) {
	h.Helper()
	for end := time.Now().Add(3 * time.Hour); time.Now().Before(end); h.pass(100 * time.Millisecond) {
		if synctest.Wait(); isTrue() {
			return
		}
	}
	require.FailNow(h, "it never happened", "%s; events: %q", what, h.events.texts())
}

// untilEvent waits for the next event with this text, and returns its time.
func (h *harness) untilEvent(text string) time.Time {
	h.Helper()
	var at time.Time
	h.until(text, func() bool {
		var found bool
		at, found = h.events.find(text)
		return found
	})
	return at
}

// untilHeartbeats waits until n more heartbeats have been answered.
func (h *harness) untilHeartbeats(n int) {
	h.Helper()
	want := h.wire.CountAnswered(transporttest.Heartbeats) + n
	h.until("a beat", func() bool { return h.wire.CountAnswered(transporttest.Heartbeats) >= want })
}
