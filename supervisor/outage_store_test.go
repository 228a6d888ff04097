package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// badStore is a store whose calls misbehave.
type badStore struct {
	load, merge func(context.Context) error
	mu          sync.Mutex
	merges      int
}

func (s *badStore) Load(ctx context.Context) (map[string]messages.OutageRecord, error) {
	return nil, s.load(ctx)
}

func (s *badStore) Merge(ctx context.Context, _ string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	s.mu.Lock()
	s.merges++
	s.mu.Unlock()
	return seen, s.merge(ctx)
}

func well(context.Context) error { return nil }

// badCalls are the ways in which a call of a store can fail, except for hanging.
var badCalls = map[string]func(context.Context) error{
	"fails":        func(context.Context) error { return errors.New("the disk is full") },
	"panics":       func(context.Context) error { panic("no disk") },
	"calls Goexit": func(context.Context) error { runtime.Goexit(); return nil },
}

// storing limits outages, with a store.
func storing(store OutageStore, log *logRecorder, most int) func(*harness) {
	return func(h *harness) {
		limited(most)(h)
		h.config.DownLimit.Store = store
		h.logTo(log)
	}
}

// docs/rules.md, section 3, rule 2: the counter decides from memory. A failure of the store is only logged.
func TestOutageLimit_AStoreThatFailsDelaysNothingAndIsReported(t *testing.T) {
	for how, merge := range badCalls {
		t.Run("it "+how, func(t *testing.T) {
			var log logRecorder
			withHarness(t, 1, storing(&badStore{load: well, merge: merge}, &log, 1), func(h *harness) {
				l := h.checkout()
				h.outage()
				require.NoError(h, l.Err())
				require.Equal(h, messages.StateHeld, l.Status().State)
				h.outage()
				assert.ErrorIs(h, l.Err(), messages.ErrUnavailable)
				assert.NotEmpty(h, log.find(slog.LevelWarn, "the outage store failed"))
			})
		})
	}
}

func TestOutageLimit_AStoreThatHangsDelaysNothingAndIsReported(t *testing.T) {
	stuck := make(chan struct{})
	var log logRecorder
	store := &badStore{load: well, merge: func(context.Context) error { <-stuck; return nil }}
	t.Run("section 3", func(t *testing.T) {
		withHarness(t, 1, func(h *harness) {
			stuck = make(chan struct{}) // a channel of the bubble
			storing(store, &log, 1)(h)
		}, func(h *harness) {
			defer close(stuck)
			l := h.checkout()
			began := time.Now()
			h.server(1).Restart()
			h.untilEvent("Resumed f2 s1:1")
			assert.Less(h, time.Since(began), time.Minute, "no longer than until the next heartbeat")
			h.outage()
			require.ErrorIs(h, l.Err(), messages.ErrUnavailable)
			h.pass(time.Minute)
			assert.NotEmpty(h, log.find(slog.LevelWarn, "the outage store failed"))
			assert.Less(h, store.merges, 10, "the store is not called in a loop")

			began = time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			require.NoError(h, h.rt.Close(ctx))
			assert.LessOrEqual(h, time.Since(began), 5*time.Second)
		})
	})
}

// docs/rules.md, section 3, rule 5: a store that cannot be read is an error of Start.
func TestOutageLimit_AStoreThatCannotBeReadIsAnErrorOfStart(t *testing.T) {
	for how, load := range badCalls {
		t.Run("it "+how, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				c := h.config
				c.DownLimit = DownLimit{Max: 1, Store: &badStore{load: load, merge: well}}
				_, err := Start(h.Context(), c)
				assert.ErrorContains(h, err, "start: load outages: ")
			})
		})
	}
}

func TestOutageLimit_AStoreThatHangsWhileItIsReadHoldsStartNoLongerThanItsContext(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		stuck := make(chan struct{})
		defer close(stuck)
		c := h.config
		c.DownLimit = DownLimit{Max: 1, Store: &badStore{load: func(context.Context) error { <-stuck; return nil }, merge: well}}
		_, err := Start(h.within(time.Second), c)
		assert.ErrorIs(h, err, context.DeadlineExceeded)
	})
}

// knowing is a store that knows the outages of one server.
type knowing struct {
	id     string
	record messages.OutageRecord
}

func (k *knowing) Load(context.Context) (map[string]messages.OutageRecord, error) {
	return map[string]messages.OutageRecord{k.id: k.record}, nil
}

func (k *knowing) Merge(_ context.Context, _ string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	return seen, nil
}

// docs/rules.md, section 3, rule 5: another identity at connect is an outage, because a program that runs for a moment
// never sees its server down.
func TestOutageLimit_AnotherIdentityAtConnectIsAnOutage(t *testing.T) {
	known := &knowing{}
	setup := func(h *harness) {
		was := h.server(1).Identity()
		known.id, known.record = was.ServerID, messages.OutageRecord{Last: was}
		h.server(1).Restart()
		limited(10)(h)
		h.config.DownLimit.Store = known
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.pass(time.Second)
		assert.Equal(h, 1, last[messages.OutageCounted](&h.events).Count)
	})
}

// docs/rules.md, section 3, rule 5: a program that starts after the limit was exceeded fails before it asks a server.
func TestOutageLimit_OutagesInTheStoreCountFromTheStart(t *testing.T) {
	known := &knowing{id: "other"}
	setup := func(h *harness) {
		now := time.Now()
		known.record.Outages = []messages.Outage{{BootID: "b1", Restart: true, Down: now, Up: now}}
		h.config.DownLimit = DownLimit{Max: 1, Store: known}
		known.record.Outages = append(known.record.Outages, messages.Outage{BootID: "b2", Restart: true, Down: now, Up: now})
	}
	withHarness(t, 1, setup, func(h *harness) {
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(h, err, messages.ErrUnavailable)
		assert.Zero(h, h.server(1).Stats().Connects)
	})
}
