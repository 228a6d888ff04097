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

// badStore is a store whose calls do what they should not.
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

// badCalls are ways of a store to fail, but for hanging.
var badCalls = map[string]func(context.Context) error{
	"fails":        func(context.Context) error { return errors.New("the disk is full") },
	"panics":       func(context.Context) error { panic("no disk") },
	"calls Goexit": func(context.Context) error { runtime.Goexit(); return nil },
}

// storing limits outages with a store.
func storing(store OutageStore, log *logBook, most int) func(*stage) {
	return func(s *stage) {
		limited(most)(s)
		s.config.DownLimit.Store = store
		s.logTo(log)
	}
}

// Section 3, rule 2: the counter decides from memory. The store is heard of in the log alone.
func TestLimit_AStoreThatFailsDelaysNothingAndIsReported(t *testing.T) {
	for how, merge := range badCalls {
		t.Run("section 3: it "+how, func(t *testing.T) {
			var log logBook
			onStage(t, 1, storing(&badStore{load: well, merge: merge}, &log, 1), func(s *stage) {
				l := s.checkout()
				s.outage()
				require.NoError(s, l.Err())
				require.Equal(s, messages.StateHeld, l.Status().State)
				s.outage()
				assert.ErrorIs(s, l.Err(), messages.ErrUnavailable)
				assert.NotEmpty(s, log.from(slog.LevelWarn, "the outage store failed"))
			})
		})
	}
}

func TestLimit_AStoreThatHangsDelaysNothingAndIsReported(t *testing.T) {
	stuck := make(chan struct{})
	var log logBook
	store := &badStore{load: well, merge: func(context.Context) error { <-stuck; return nil }}
	t.Run("section 3", func(t *testing.T) {
		onStage(t, 1, func(s *stage) {
			stuck = make(chan struct{}) // of the bubble
			storing(store, &log, 1)(s)
		}, func(s *stage) {
			defer close(stuck)
			l := s.checkout()
			began := time.Now()
			s.server(1).Restart()
			s.untilTold("Resumed f2 s1:1")
			assert.Less(s, time.Since(began), time.Minute, "no longer than until the next heartbeat")
			s.outage()
			require.ErrorIs(s, l.Err(), messages.ErrUnavailable)
			s.pass(time.Minute)
			assert.NotEmpty(s, log.from(slog.LevelWarn, "the outage store failed"))
			assert.Less(s, store.merges, 10, "it is not asked in a loop")

			began = time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			require.NoError(s, s.rt.Close(ctx))
			assert.LessOrEqual(s, time.Since(began), 5*time.Second)
		})
	})
}

// Section 3, rule 5: what cannot be read is an error at Start.
func TestLimit_AStoreThatCannotBeReadIsAnErrorOfStart(t *testing.T) {
	for how, load := range badCalls {
		t.Run("section 3: it "+how, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				c := s.config
				c.DownLimit = DownLimit{Max: 1, Store: &badStore{load: load, merge: well}}
				_, err := Start(s.Context(), c)
				assert.ErrorContains(s, err, "start: load outages: ")
			})
		})
	}
}

func TestLimit_AStoreThatHangsWhileItIsReadHoldsStartNoLongerThanItsContext(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		stuck := make(chan struct{})
		defer close(stuck)
		c := s.config
		c.DownLimit = DownLimit{Max: 1, Store: &badStore{load: func(context.Context) error { <-stuck; return nil }, merge: well}}
		_, err := Start(s.within(time.Second), c)
		assert.ErrorIs(s, err, context.DeadlineExceeded)
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

// Section 3, rule 5: another identity at connect is an outage, since a program that lives for a moment never sees its
// server down.
func TestLimit_AnotherIdentityAtConnectIsAnOutage(t *testing.T) {
	known := &knowing{}
	setup := func(s *stage) {
		was := s.server(1).Identity()
		known.id, known.record = was.ServerID, messages.OutageRecord{Last: was}
		s.server(1).Restart()
		limited(10)(s)
		s.config.DownLimit.Store = known
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.pass(time.Second)
		assert.Equal(s, 1, last[messages.OutageCounted](&s.events).Count)
	})
}

// Section 3, rule 5: a program that starts after the limit was exceeded is refused before it asks any server.
func TestLimit_WhatTheStoreKnowsIsHeededFromTheStart(t *testing.T) {
	known := &knowing{id: "other"}
	setup := func(s *stage) {
		now := time.Now()
		known.record.Outages = []messages.Outage{{BootID: "b1", Restart: true, Down: now, Up: now}}
		s.config.DownLimit = DownLimit{Max: 1, Store: known}
		known.record.Outages = append(known.record.Outages, messages.Outage{BootID: "b2", Restart: true, Down: now, Up: now})
	}
	onStage(t, 1, setup, func(s *stage) {
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(s, err, messages.ErrUnavailable)
		assert.Zero(s, s.server(1).Stats().Connects)
	})
}
