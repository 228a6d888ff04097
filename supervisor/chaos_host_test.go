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

// manners is how host code behaves at the moment: "well", or one of the ways not to.
type manners struct {
	mu    sync.Mutex
	how   string
	stuck chan struct{} // what hangs waits for; closed when everything is healed
}

func (m *manners) become(how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if how == "well" && m.stuck != nil {
		close(m.stuck)
		m.stuck = nil
	}
	m.how = how
}

// act does what host code should not do, and returns how it was to behave.
func (m *manners) act() string {
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
		panic(sabotaged + " of host code")
	case "exit":
		runtime.Goexit()
	}
	return how
}

// misbehaviour is a subscriber that may do anything.
type misbehaviour struct {
	manners
	w *world
}

// handle is the subscriber. It may call everything, and is told of what that leads to in turn.
func (b *misbehaviour) handle(e messages.Event) {
	how := b.act()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	switch how {
	case "calls", "checkin":
		_ = b.w.rt.Status().String()
		_, end := b.w.rt.Events(1)
		end()
		_, _ = b.w.rt.Checkout(ctx, messages.Checkout{Feature: "nobody-has-it"})
		b.use(ctx, e, how == "checkin")
	case "close":
		b.w.closed.Store(true)
		if err := b.w.rt.Close(ctx); err != nil {
			b.w.left.Store(true)
		}
	}
}

// use calls everything of the license that the event is about.
func (b *misbehaviour) use(ctx context.Context, e messages.Event, checkin bool) {
	about, ok := claimIn(e)
	if !ok {
		return
	}
	l, _ := b.w.claimOf(about).result()
	if l == nil {
		return
	}
	_, _ = l.Status(), l.Err()
	_ = l.Heartbeat(ctx)
	if checkin {
		_ = l.Checkin(ctx)
	}
}

// chaosStore is an outage store in memory.
type chaosStore struct {
	manners
	w     *world
	known map[string]messages.OutageRecord
}

func (s *chaosStore) Load(context.Context) (map[string]messages.OutageRecord, error) { return nil, nil }

func (s *chaosStore) Merge(_ context.Context, id string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	if s.act() == "fail" {
		return messages.OutageRecord{}, errors.New("the disk is full")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]messages.OutageRecord{}
	}
	s.known[id] = outage.Merge(s.known[id], seen, s.w.config.wall(), s.w.config.settings().DownWindow)
	return s.known[id], nil
}

func (w *world) hosts() map[string]*misbehaviour {
	return map[string]*misbehaviour{"callback": &w.callback, "listener": &w.listener}
}

// calm makes all host code behave.
func (w *world) calm() {
	w.callback.become("well")
	w.listener.become("well")
	w.store.become("well")
}
