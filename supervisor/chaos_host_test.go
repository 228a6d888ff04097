package supervisor

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/messages"
)

// behaviour is how host code behaves at the moment: "well", or in one of several bad ways.
type behaviour struct {
	mu    sync.Mutex
	how   string
	stuck chan struct{} // what hanging code waits for; closed when it is to behave well again
}

func (m *behaviour) set(how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if how == "well" && m.stuck != nil {
		close(m.stuck)
		m.stuck = nil
	}
	m.how = how
}

// act behaves as set, and returns how.
func (m *behaviour) act() string {
	m.mu.Lock()
	how := m.how
	if how == "hang" && m.stuck == nil {
		m.stuck = make(chan struct{})
	}
	stuck := m.stuck
	m.mu.Unlock()
	switch how {
	case "slow":
		time.Sleep(3 * time.Second)
	case "hang":
		<-stuck
	case "panic":
		panic(injectedFault + " of host code")
	case "exit":
		runtime.Goexit()
	}
	return how
}

// hostCode is a subscriber that can do anything.
type hostCode struct {
	behaviour
	sim *simulation
}

// handle is the subscriber. It may call every function, and gets the events that these calls cause.
func (b *hostCode) handle(e messages.Event) {
	how := b.act()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	switch how {
	case "calls", "checkin":
		_ = b.sim.rt.Status().String()
		_, end := b.sim.rt.Events(1)
		end()
		_, _ = b.sim.rt.Checkout(ctx, messages.Checkout{Feature: "nobody-has-it"})
		b.use(ctx, e, how == "checkin")
	case "close":
		b.sim.closed.Store(true)
		if err := b.sim.rt.Close(ctx); err != nil {
			b.sim.closeFailed.Store(true)
		}
	}
}

// use calls all methods of the license that the event belongs to.
func (b *hostCode) use(ctx context.Context, e messages.Event, checkin bool) {
	about, ok := claimIn(e)
	if !ok {
		return
	}
	l, _ := b.sim.checkoutOf(about).result()
	if l == nil {
		return
	}
	_, _ = l.Status(), l.Err()
	_ = l.Heartbeat(ctx)
	if checkin {
		_ = l.Checkin(ctx)
	}
}

// simStore is an outage store in memory.
type simStore struct {
	behaviour
	sim   *simulation
	known map[string]messages.OutageRecord
}

func (s *simStore) Load(context.Context) (map[string]messages.OutageRecord, error) { return nil, nil }

func (s *simStore) Merge(_ context.Context, id string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	if s.act() == "fail" {
		return messages.OutageRecord{}, errors.New("the disk is full")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]messages.OutageRecord{}
	}
	s.known[id] = outage.Merge(s.known[id], seen, s.sim.config.wall(), s.sim.config.settings().DownWindow)
	return s.known[id], nil
}

func (sim *simulation) hosts() map[string]*hostCode {
	return map[string]*hostCode{"callback": &sim.callback, "listener": &sim.listener}
}

// restoreHosts makes all host code behave well.
func (sim *simulation) restoreHosts() {
	sim.callback.set("well")
	sim.listener.set("well")
	sim.store.set("well")
}
