package supervisor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// stage is a runtime in front of fake servers, in a bubble of virtual time.
type stage struct {
	*testing.T
	net     *transporttest.Network
	config  Config
	rt      *Runtime
	servers []*transporttest.Server
	events  recorder
}

// onStage runs a test in a bubble, on a stage of n servers s1:1, s2:1 ... with 10 seats of f2 each. setup may change the
// configuration before the runtime starts.
func onStage(t *testing.T, n int, setup func(*stage), play func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, net: transporttest.NewNetwork()}
		for i := range n {
			address := transport.Address(fmt.Sprintf("s%d:1", i+1))
			s.servers = append(s.servers, s.net.AddServer(address, map[string]int{"f2": 10, "f3": 10}))
			s.config.Servers = append(s.config.Servers, address)
		}
		s.config.Transport = s.net
		s.config.Heartbeat = Heartbeat{Attempts: 5, Interval: time.Minute}
		s.config.Callbacks.OnExit = func(messages.Exited) {}
		s.config.OnEvent = s.events.record
		if setup != nil {
			setup(s)
		}
		s.start()
		play(s)
		s.close()
	})
}

func (s *stage) start() {
	rt, err := Start(s.Context(), s.config)
	require.NoError(s, err)
	s.rt = rt
}

func (s *stage) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.rt.Close(ctx)
}

// checkout takes a seat of f2.
func (s *stage) checkout() *License {
	s.Helper()
	l, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
	require.NoError(s, err)
	return l
}

// pass lets virtual time pass until everything has come to rest.
func (s *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// recorder collects events as text.
type recorder struct {
	mu   sync.Mutex
	list []messages.Event
}

func (r *recorder) record(e messages.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, e)
}

// take returns the events since the last call.
func (r *recorder) take() []messages.Event {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// names returns the names of the events since the last call, with the failed count of a lost connection.
func (r *recorder) names() []string {
	var names []string
	for _, e := range r.take() {
		name := messages.Name(e)
		if lost, ok := e.(messages.ConnectionLost); ok {
			name = fmt.Sprintf("%s(%d)", name, lost.Failed)
		}
		names = append(names, name)
	}
	return names
}
