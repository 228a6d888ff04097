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

// stage is a runtime in front of fake servers, in a bubble of virtual time. Its calls and events are recorded. When the
// runtime is closed, the invariants that hold for every run are checked.
type stage struct {
	*testing.T
	net        *transporttest.Network
	wire       wiretap.Recorder
	invariants *wiretap.Invariants
	config     Config
	rt         *Runtime
	servers    []*transporttest.Server
	events     recorder
	began      time.Time

	mu   sync.Mutex                // guards the field below
	most map[transport.Address]int // by first address of a server: the most seats of f2 that were in use after a call
}

// onStage runs a test in a bubble, on a stage of n servers s1:1, s2:1 ... with 10 seats of f2 and of f3 each. setup may
// change the configuration before the runtime starts.
func onStage(t *testing.T, n int, setup func(*stage), play func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, net: transporttest.NewNetwork(), began: time.Now()}
		s.invariants = wiretap.NewInvariants(0, t.Errorf)
		for i := range n {
			s.addServer(transport.Address(fmt.Sprintf("s%d:1", i+1)))
		}
		s.config.Transport = wiretap.New(s.net, s.wire.Observer(), s.invariants.Observer(), wiretap.Observer{Answered: s.noteUse})
		s.config.Heartbeat = Heartbeat{Attempts: 5, Interval: time.Minute}
		s.config.Callbacks.OnExit = func(messages.Exited) {}
		s.config.OnEvent = s.events.record
		if setup != nil {
			setup(s)
		}
		s.start()
		defer s.checkInvariants()
		defer s.close()
		play(s)
	})
}

// addServer adds a server and names it in the search list.
func (s *stage) addServer(address transport.Address) *transporttest.Server {
	server := s.net.AddServer(address, map[string]int{"f2": 10, "f3": 10})
	s.servers = append(s.servers, server)
	s.config.Servers = append(s.config.Servers, address)
	return server
}

// server returns one of the servers, which are numbered as their addresses: s1:1 is server(1).
func (s *stage) server(n int) *transporttest.Server { return s.servers[n-1] }

func (s *stage) start() {
	rt, err := Start(s.Context(), s.config)
	require.NoError(s, err)
	s.rt = rt
}

// close closes the runtime, which every test does at its end.
func (s *stage) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.rt.Close(ctx)
}

// checkInvariants checks the events of the whole run, and the calls: some invariants hold only at the end.
func (s *stage) checkInvariants() {
	s.Helper()
	checkPairs(s.T, s.events.all())
	for _, e := range s.events.all() {
		if e, ok := e.event.(messages.ServerReplaced); ok {
			s.invariants.Replaced(e.Old.ServerID)
		}
	}
	s.invariants.Close()
}

// noteUse observes the calls and notes how many seats of f2 are in use.
func (s *stage) noteUse(*wiretap.Call, wiretap.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most == nil {
		s.most = map[transport.Address]int{}
	}
	for i, server := range s.servers {
		address := s.config.Servers[i]
		s.most[address] = max(s.most[address], server.Held("f2"))
	}
}

// mostHeld returns the most seats of f2 that were in use after a call, at the server with this first address.
func (s *stage) mostHeld(at transport.Address) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most[at]
}

// checkout takes a seat of f2.
func (s *stage) checkout() *License {
	s.Helper()
	return s.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
}

func (s *stage) checkoutOf(c messages.Checkout) *License {
	s.Helper()
	l, err := s.rt.Checkout(s.Context(), c)
	require.NoError(s, err)
	return l
}

// within returns a context that ends after d.
func (s *stage) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), d)
	s.Cleanup(cancel)
	return ctx
}

// pass lets virtual time pass until everything has come to rest.
func (s *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// until lets virtual time pass until it is true, and fails after three hours.
func (s *stage) until(what string, isTrue func() bool) {
	s.Helper()
	for end := time.Now().Add(3 * time.Hour); time.Now().Before(end); s.pass(100 * time.Millisecond) {
		if synctest.Wait(); isTrue() {
			return
		}
	}
	require.FailNow(s, "it never came", "%s; told: %q", what, s.events.texts())
}

// untilTold waits for the next event with this text, and returns when it was told.
func (s *stage) untilTold(text string) time.Time {
	s.Helper()
	var at time.Time
	s.until(text, func() bool {
		var found bool
		at, found = s.events.find(text)
		return found
	})
	return at
}

// untilBeaten waits until so many more beats have been answered.
func (s *stage) untilBeaten(n int) {
	s.Helper()
	want := s.wire.CountAnswered(transporttest.Heartbeats) + n
	s.until("a beat", func() bool { return s.wire.CountAnswered(transporttest.Heartbeats) >= want })
}
