package supervisor

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// stage is a runtime in front of fake servers, in a bubble of virtual time. A tap on its transport sees every call. When
// the runtime is closed, what must be true of every history is checked.
type stage struct {
	*testing.T
	net     *transporttest.Network
	tap     *tap
	config  Config
	rt      *Runtime
	servers []*transporttest.Server
	events  recorder
	began   time.Time
}

// onStage runs a test in a bubble, on a stage of n servers s1:1, s2:1 ... with 10 seats of f2 and of f3 each. setup may
// change the configuration before the runtime starts.
func onStage(t *testing.T, n int, setup func(*stage), play func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, net: transporttest.NewNetwork(), began: time.Now()}
		s.tap = &tap{stage: s}
		for i := range n {
			s.addServer(transport.Address(fmt.Sprintf("s%d:1", i+1)))
		}
		s.config.Transport = s.tap
		s.config.Heartbeat = Heartbeat{Attempts: 5, Interval: time.Minute}
		s.config.Callbacks.OnExit = func(messages.Exited) {}
		s.config.OnEvent = s.events.record
		if setup != nil {
			setup(s)
		}
		s.start()
		defer s.checkHistory()
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
	want := s.tap.beats() + n
	s.until("a beat", func() bool { return s.tap.beats() >= want })
}
