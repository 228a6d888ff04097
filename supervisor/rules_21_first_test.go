package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// blackHoles makes all servers silent.
func (h *harness) blackHoles() {
	for _, server := range h.servers {
		server.BlackHole(true)
		h.Cleanup(server.ClearFaults)
	}
}

// connectTimes returns for each address when the first connect was sent, since the test began.
func (h *harness) connectTimes() map[messages.Address]time.Duration {
	times := map[messages.Address]time.Duration{}
	for _, call := range h.wire.Calls(transporttest.Connects) {
		if _, ok := times[call.Address]; !ok {
			times[call.Address] = call.Sent.Sub(h.began)
		}
	}
	return times
}

func TestRule21_AFirstCheckoutAsksTheServersInSearchOrder(t *testing.T) {
	withHarness(t, 4, nil, func(h *harness) {
		for _, n := range []int{1, 2} {
			h.server(n).SetSeats("f2", 0)
		}
		h.checkout()
		var asked []messages.Address
		for _, call := range h.wire.Calls(transporttest.Checkouts) {
			asked = append(asked, call.Address)
		}
		assert.Equal(h, []messages.Address{"s1:1", "s2:1", "s3:1"}, asked)
		assert.Zero(h, h.server(4).Stats().Tried)
	})
}

func TestRule21_EachServerGetsTheConnectTimeout(t *testing.T) {
	for configured, each := range map[time.Duration]time.Duration{0: 5 * time.Second, 2 * time.Second: 2 * time.Second} {
		t.Run("rule 21: "+each.String(), func(t *testing.T) {
			withHarness(t, 3, func(h *harness) { h.config.ConnectTimeout = configured }, func(h *harness) {
				h.blackHoles()
				_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
				assert.Equal(h, 3*each, time.Since(h.began))
				assert.Equal(h, map[messages.Address]time.Duration{"s1:1": 0, "s2:1": each, "s3:1": 2 * each}, h.connectTimes())
				var failed *messages.CheckoutError
				require.ErrorAs(h, err, &failed)
				assert.Len(h, failed.Answers, 3)
			})
		})
	}
}

func TestRule21_TheCallersDeadlineIsSharedEqually(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		h.blackHoles()
		_, err := h.rt.Checkout(h.within(6*time.Second), messages.Checkout{Feature: "f2"})
		require.Error(h, err)
		assert.Equal(h, map[messages.Address]time.Duration{
			"s1:1": 0, "s2:1": 2 * time.Second, "s3:1": 4 * time.Second,
		}, h.connectTimes())
	})
}

func TestRule21_TimeThatAServerDidNotNeedIsLeftToTheOthers(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		h.blackHoles()
		h.server(1).ClearFaults()
		h.server(1).Down()
		_, err := h.rt.Checkout(h.within(6*time.Second), messages.Checkout{Feature: "f2"})
		require.Error(h, err)
		assert.Equal(h, map[messages.Address]time.Duration{"s1:1": 0, "s2:1": 0, "s3:1": 3 * time.Second}, h.connectTimes())
		h.server(1).Up()
	})
}

func TestRule21_AShareIsNeverMoreThanTheConnectTimeout(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.blackHoles()
		_, err := h.rt.Checkout(h.within(time.Hour), messages.Checkout{Feature: "f2"})
		require.Error(h, err)
		assert.Equal(h, 10*time.Second, time.Since(h.began))
	})
}

func TestRule21_AServerThatAnswersTheConnectButNotTheTakeGetsNoMoreThanItsShare(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.server(1).DelayReplies(3*time.Second, transporttest.Connects)
		h.server(1).BlackHole(true, transporttest.Checkouts)
		h.checkout()
		assert.Equal(h, 5*time.Second, time.Since(h.began))
		h.server(1).ClearFaults()
	})
}

func TestRule21_ACheckoutEndsWithItsContextAndItsCause(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.blackHoles()
		shutdown := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(h.Context())
		time.AfterFunc(time.Second, func() { cancel(shutdown) })
		_, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
		assert.ErrorIs(h, err, shutdown)
		assert.Equal(h, time.Second, time.Since(h.began))
	})
}

func TestRule21_WaitingInOurOwnQueueIsNotSilence(t *testing.T) {
	const crowd = 8 // with two calls at a time, the last ones wait longer than ConnectTimeout
	setup := func(h *harness) {
		h.server(1).SetSeats("f2", 100)
		h.server(1).DelayReplies(4*time.Second, transporttest.Checkouts)
	}
	withHarness(t, 2, setup, func(h *harness) {
		results := make(chan error)
		for range crowd {
			go func() {
				_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
				results <- err
			}()
			h.pass(10 * time.Millisecond) // one after the other, so that they do not share a call
		}
		for range crowd {
			assert.NoError(h, <-results)
		}
		assert.Equal(h, crowd, h.server(1).Held("f2"))
		assert.Zero(h, h.server(2).Stats().Tried)
	})
}
