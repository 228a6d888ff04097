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

// waited is the result of a checkout that waits.
type waited struct {
	license *License
	err     error
	at      time.Duration // since the test began
}

// wait begins a checkout that waits, and returns when it is in the queue or has ended.
func (h *harness) wait(ctx context.Context, count int) <-chan waited {
	result := make(chan waited, 1)
	go func() {
		l, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2", Count: count, Wait: true})
		result <- waited{l, err, time.Since(h.began)}
	}()
	synctest.Wait()
	return result
}

// full lets other clients take all seats of f2 at all servers.
func (h *harness) full() {
	for _, server := range h.servers {
		server.Take("f2", 10)
	}
}

// nothingLeft asserts that all queues are empty and only other clients hold seats.
func (h *harness) nothingLeft(others int) {
	h.Helper()
	synctest.Wait()
	for _, server := range h.servers {
		assert.Zero(h, server.Waiting("f2"))
		assert.Equal(h, others, server.Held("f2"))
	}
}

func TestRule21_ACheckoutWaitsUntilASeatComesBack(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		result := h.wait(h.Context(), 1)
		h.pass(time.Hour)
		assert.Empty(h, result)
		assert.Equal(h, 1, h.server(1).Waiting("f2"))
		assert.Empty(h, h.events.names(), "a wait publishes nothing")
		h.server(1).PutBack("f2", 1)
		got := <-result
		require.NoError(h, got.err)
		assert.Equal(h, time.Hour, got.at, "at once")
		assert.Equal(h, messages.StateHeld, got.license.Status().State)
		assert.Equal(h, 10, h.server(1).Held("f2"))
		h.pass(time.Hour)
		assert.Equal(h, messages.StateHeld, got.license.Status().State, "it is beaten like any other")
	})
}

func TestRule21_ACheckoutWaitsOnlyWhenNoServerHasASeat(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		h.server(1).Take("f2", 10)
		got := <-h.wait(h.Context(), 1)
		require.NoError(h, got.err)
		assert.Equal(h, messages.Address("s2:1"), got.license.Status().Server.Address)
	})
}

func TestRule21_ACheckoutWaitsAtTheFirstServerWithoutSeats(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		h.full()
		h.server(1).Down()
		result := h.wait(h.Context(), 1)
		h.server(1).Up()
		h.pass(10 * time.Minute)
		h.server(3).PutBack("f2", 1)
		h.pass(10 * time.Minute)
		assert.Empty(h, result)
		assert.Equal(h, 1, h.server(2).Waiting("f2"))
		h.server(2).PutBack("f2", 1)
		got := <-result
		require.NoError(h, got.err)
		assert.Equal(h, messages.Address("s2:1"), got.license.Status().Server.Address)
	})
}

func TestRule21_WaitingCheckoutsAreServedInOrder(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		large := h.wait(h.Context(), 3)
		small := h.wait(h.Context(), 1)
		h.server(1).PutBack("f2", 2)
		h.pass(time.Minute)
		assert.Empty(h, large, "two seats are not enough")
		assert.Empty(h, small, "the first in the queue is not overtaken")
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		assert.Error(h, err, "nor by a checkout that does not wait")
		h.server(1).PutBack("f2", 1)
		require.NoError(h, (<-large).err)
		assert.Empty(h, small)
		h.server(1).PutBack("f2", 1)
		require.NoError(h, (<-small).err)
	})
}

func TestRule21_ADeadlineEndsTheWaitWithEachServersReason(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.full()
		got := <-h.wait(h.within(7*time.Minute), 1)
		assert.Equal(h, 7*time.Minute, got.at)
		require.ErrorIs(h, got.err, context.DeadlineExceeded)
		var failed *messages.CheckoutError
		require.ErrorAs(h, got.err, &failed)
		assert.True(h, failed.Has(messages.NoSeats))
		assert.Len(h, failed.Answers, 2)
		h.nothingLeft(10)
	})
}

func TestRule21_ACallerThatLeavesLeavesNothingBehind(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		ctx, leave := context.WithCancelCause(h.Context())
		result := h.wait(ctx, 1)
		why := errors.New("closing time")
		leave(why)
		require.ErrorIs(h, (<-result).err, why)
		h.nothingLeft(10)
		h.server(1).PutBack("f2", 1)
		h.nothingLeft(9)
	})
}

func TestRule21_AGrantThatComesTooLateIsReturned(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		h.server(1).DelayReplies(2*time.Second, transporttest.Checkouts)
		result := h.wait(h.within(3*time.Second), 1) // in the queue after 2 s
		h.pass(2500 * time.Millisecond)
		h.server(1).PutBack("f2", 1)
		assert.Equal(h, 10, h.server(1).Held("f2"), "granted, but the word is under way")
		require.Error(h, (<-result).err)
		h.pass(10 * time.Second)
		h.nothingLeft(9)
	})
}

func TestRule21_CloseEndsTheWait(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		result := h.wait(h.Context(), 1)
		require.NoError(h, h.rt.Close(h.within(time.Second)))
		require.ErrorIs(h, (<-result).err, messages.ErrClosed)
		h.nothingLeft(10)
	})
}

func TestRule21_AWaitOutlivesRestartsAndOutagesOfTheServer(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.full()
		result := h.wait(h.Context(), 1)
		h.server(1).Restart()
		h.pass(time.Minute)
		assert.Equal(h, 1, h.server(1).Waiting("f2"), "in the queue again")
		h.server(1).Down()
		h.pass(time.Hour)
		h.server(1).Up()
		h.server(1).PutBack("f2", 1)
		require.NoError(h, (<-result).err)
		assert.Equal(h, 1, h.server(2).Stats().Checkouts, "no other server is asked meanwhile")
		h.pass(time.Minute)
	})
}

func TestRule21_AServerThatStaysDownCostsNoMoreThanTheDeadline(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		result := h.wait(h.within(10*time.Minute), 1)
		h.server(1).BlackHole(true)
		got := <-result
		assert.Equal(h, 10*time.Minute, got.at)
		require.ErrorIs(h, got.err, context.DeadlineExceeded)
		h.server(1).ClearFaults()
		h.pass(time.Hour)
		h.nothingLeft(10)
	})
}

func TestRule21_AServerThatRefusesForGoodEndsTheWait(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		result := h.wait(h.Context(), 1)
		h.server(1).Withdraw("f2")
		var failed *messages.CheckoutError
		require.ErrorAs(h, (<-result).err, &failed)
		assert.True(h, failed.Has(messages.NoSuchFeature))
		assert.NoError(h, failed.Cause)
	})
}

func TestRule21_ManyWaitAndEachGetsItsSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.full()
		const many = 200
		results := make([]<-chan waited, many)
		for i := range results {
			results[i] = h.wait(h.Context(), 1)
		}
		assert.Equal(h, 64, h.server(1).Waiting("f2"), "the others wait for their turn in the runtime")
		assert.Equal(h, 10, h.server(1).PutBack("f2", 10))
		var all sync.WaitGroup
		for i, result := range results { // two calls of one instant may arrive in any order
			all.Go(func() {
				got := <-result
				if assert.NoError(h, got.err, "waiter %d", i) {
					assert.NoError(h, got.license.Checkin(h.Context()))
				}
			})
		}
		all.Wait()
		h.nothingLeft(0)
	})
}

func TestRule21_AWaitIsNoSilenceOfTheServer(t *testing.T) {
	withHarness(t, 1, func(h *harness) { h.config.Heartbeat = Heartbeat{Attempts: 1, Interval: time.Second} }, func(h *harness) {
		held := h.checkout()
		h.server(1).Take("f2", 9)
		result := h.wait(h.within(time.Hour), 1)
		<-result
		assert.Equal(h, messages.StateHeld, held.Status().State)
		assert.Zero(h, count[messages.ConnectionLost](&h.events))
	})
}

func TestRule21_AWaitWithoutAutomaticHeartbeats(t *testing.T) {
	withHarness(t, 1, func(h *harness) { h.config.Heartbeat = Heartbeat{} }, func(h *harness) {
		h.full()
		result := h.wait(h.Context(), 1)
		h.pass(time.Minute)
		h.server(1).Down()
		h.pass(time.Minute)
		h.server(1).Up()
		h.pass(time.Minute)
		h.server(1).PutBack("f2", 1)
		require.NoError(h, (<-result).err)
	})
}
