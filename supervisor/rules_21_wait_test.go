package supervisor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// waited is what a checkout that waits came to.
type waited struct {
	license *License
	err     error
	at      time.Duration // since the test began
}

// wait begins a checkout that waits, and lets it get as far as it can.
func (s *stage) wait(ctx context.Context, count int) <-chan waited {
	result := make(chan waited, 1)
	go func() {
		l, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "f2", Count: count, Wait: true})
		result <- waited{l, err, time.Since(s.began)}
	}()
	synctest.Wait()
	return result
}

// full lets others take all seats of f2 everywhere.
func (s *stage) full() {
	for _, server := range s.servers {
		server.Take("f2", 10)
	}
}

// nothingLeft claims that nobody is in line and no seat is held but those of others.
func (s *stage) nothingLeft(others int) {
	s.Helper()
	synctest.Wait()
	for _, server := range s.servers {
		assert.Zero(s, server.Waiting("f2"))
		assert.Equal(s, others, server.Held("f2"))
	}
}

func TestRule21_ACheckoutWaitsUntilASeatComesBack(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		result := s.wait(s.Context(), 1)
		s.pass(time.Hour)
		assert.Empty(s, result)
		assert.Equal(s, 1, s.server(1).Waiting("f2"))
		assert.Empty(s, s.events.names(), "a wait publishes nothing")
		s.server(1).PutBack("f2", 1)
		got := <-result
		require.NoError(s, got.err)
		assert.Equal(s, time.Hour, got.at, "at once")
		assert.Equal(s, messages.StateHeld, got.license.Status().State)
		assert.Equal(s, 10, s.server(1).Held("f2"))
		s.pass(time.Hour)
		assert.Equal(s, messages.StateHeld, got.license.Status().State, "it is beaten like any other")
	})
}

func TestRule21_ACheckoutWaitsOnlyWhenNoServerHasASeat(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		s.server(1).Take("f2", 10)
		got := <-s.wait(s.Context(), 1)
		require.NoError(s, got.err)
		assert.Equal(s, messages.Address("s2:1"), got.license.Status().Server.Address)
	})
}

func TestRule21_ACheckoutWaitsAtTheFirstServerWithoutSeats(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		s.full()
		s.server(1).Down()
		result := s.wait(s.Context(), 1)
		s.server(1).Up()
		s.pass(10 * time.Minute)
		s.server(3).PutBack("f2", 1)
		s.pass(10 * time.Minute)
		assert.Empty(s, result)
		assert.Equal(s, 1, s.server(2).Waiting("f2"))
		s.server(2).PutBack("f2", 1)
		got := <-result
		require.NoError(s, got.err)
		assert.Equal(s, messages.Address("s2:1"), got.license.Status().Server.Address)
	})
}

func TestRule21_WhoWaitsIsServedInTurn(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		large := s.wait(s.Context(), 3)
		small := s.wait(s.Context(), 1)
		s.server(1).PutBack("f2", 2)
		s.pass(time.Minute)
		assert.Empty(s, large, "two seats are not enough")
		assert.Empty(s, small, "the first in line is not overtaken")
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		assert.Error(s, err, "nor by a checkout that does not wait")
		s.server(1).PutBack("f2", 1)
		require.NoError(s, (<-large).err)
		assert.Empty(s, small)
		s.server(1).PutBack("f2", 1)
		require.NoError(s, (<-small).err)
	})
}

func TestRule21_ADeadlineEndsTheWaitWithEachServersReason(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.full()
		got := <-s.wait(s.within(7*time.Minute), 1)
		assert.Equal(s, 7*time.Minute, got.at)
		require.ErrorIs(s, got.err, context.DeadlineExceeded)
		var failed *messages.CheckoutError
		require.ErrorAs(s, got.err, &failed)
		assert.True(s, failed.Has(messages.NoSeats))
		assert.Len(s, failed.Answers, 2)
		s.nothingLeft(10)
	})
}

func TestRule21_ACallerThatLeavesLeavesNothingBehind(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		ctx, leave := context.WithCancelCause(s.Context())
		result := s.wait(ctx, 1)
		why := errors.New("closing time")
		leave(why)
		require.ErrorIs(s, (<-result).err, why)
		s.nothingLeft(10)
		s.server(1).PutBack("f2", 1)
		s.nothingLeft(9)
	})
}

func TestRule21_AGrantThatComesTooLateIsReturned(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		s.server(1).DelayReplies(2*time.Second, transporttest.Checkouts)
		result := s.wait(s.within(3*time.Second), 1) // in line after 2 s
		s.pass(2500 * time.Millisecond)
		s.server(1).PutBack("f2", 1)
		assert.Equal(s, 10, s.server(1).Held("f2"), "granted, but the word is under way")
		require.Error(s, (<-result).err)
		s.pass(10 * time.Second)
		s.nothingLeft(9)
	})
}

func TestRule21_CloseEndsTheWait(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		result := s.wait(s.Context(), 1)
		require.NoError(s, s.rt.Close(s.within(time.Second)))
		require.ErrorIs(s, (<-result).err, messages.ErrClosed)
		s.nothingLeft(10)
	})
}

func TestRule21_AWaitOutlivesRestartsAndOutagesOfTheServer(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.full()
		result := s.wait(s.Context(), 1)
		s.server(1).Restart()
		s.pass(time.Minute)
		assert.Equal(s, 1, s.server(1).Waiting("f2"), "in line again")
		s.server(1).Down()
		s.pass(time.Hour)
		s.server(1).Up()
		s.server(1).PutBack("f2", 1)
		require.NoError(s, (<-result).err)
		assert.Equal(s, 1, s.server(2).Stats().Checkouts, "no other server is asked meanwhile")
		s.pass(time.Minute)
	})
}

func TestRule21_AServerThatStaysDownCostsNoMoreThanTheDeadline(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		result := s.wait(s.within(10*time.Minute), 1)
		s.server(1).BlackHole(true)
		got := <-result
		assert.Equal(s, 10*time.Minute, got.at)
		require.ErrorIs(s, got.err, context.DeadlineExceeded)
		s.server(1).ClearFaults()
		s.pass(time.Hour)
		s.nothingLeft(10)
	})
}

func TestRule21_AServerThatRefusesForGoodEndsTheWait(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		result := s.wait(s.Context(), 1)
		s.server(1).Withdraw("f2")
		var failed *messages.CheckoutError
		require.ErrorAs(s, (<-result).err, &failed)
		assert.True(s, failed.Has(messages.NoSuchFeature))
		assert.NoError(s, failed.Cause)
	})
}

func TestRule21_ManyWaitAndEachGetsItsSeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.full()
		const many = 200
		results := make([]<-chan waited, many)
		for i := range results {
			results[i] = s.wait(s.Context(), 1)
		}
		assert.Equal(s, 64, s.server(1).Waiting("f2"), "the others wait for their turn in the runtime")
		assert.Equal(s, 10, s.server(1).PutBack("f2", 10))
		var all sync.WaitGroup
		for i, result := range results { // at once: two calls of one moment may come to the server in any order
			all.Go(func() {
				got := <-result
				if assert.NoError(s, got.err, "waiter %d", i) {
					assert.NoError(s, got.license.Checkin(s.Context()))
				}
			})
		}
		all.Wait()
		s.nothingLeft(0)
	})
}

func TestRule21_AWaitIsNoSilenceOfTheServer(t *testing.T) {
	onStage(t, 1, func(s *stage) { s.config.Heartbeat = Heartbeat{Attempts: 1, Interval: time.Second} }, func(s *stage) {
		held := s.checkout()
		s.server(1).Take("f2", 9)
		result := s.wait(s.within(time.Hour), 1)
		<-result
		assert.Equal(s, messages.StateHeld, held.Status().State)
		assert.Zero(s, count[messages.ConnectionLost](&s.events))
	})
}

func TestRule21_AWaitWithoutAutomaticHeartbeats(t *testing.T) {
	onStage(t, 1, func(s *stage) { s.config.Heartbeat = Heartbeat{} }, func(s *stage) {
		s.full()
		result := s.wait(s.Context(), 1)
		s.pass(time.Minute)
		s.server(1).Down()
		s.pass(time.Minute)
		s.server(1).Up()
		s.pass(time.Minute)
		s.server(1).PutBack("f2", 1)
		require.NoError(s, (<-result).err)
	})
}
