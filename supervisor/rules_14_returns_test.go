package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// soon is longer than the longest pause between two attempts to reconnect plus one call.
const soon = 40 * time.Second

func TestRule14_AfterAFailoverTheOldServerGetsItsSeatsBackWhenItAnswersAgain(t *testing.T) {
	withHarness(t, 2, attempts(2), func(h *harness) {
		h.checkoutOf(messages.Checkout{Feature: "f2", Count: 3})
		h.server(1).Down()
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		require.Equal(h, 3, h.server(1).Held("f2"))
		h.server(1).Up()
		h.pass(soon)
		assert.Zero(h, h.server(1).Held("f2"))
		assert.Equal(h, 3, h.server(2).Held("f2"))
	})
}

func TestRule14_ALeaseToBeReturnedIsNeverBeaten(t *testing.T) { // wiretap.Invariants checks that in every test
	withHarness(t, 2, attempts(2), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		h.server(1).BlackHole(true, transporttest.Checkins)
		h.server(1).Up()
		beats := h.server(1).Stats().Heartbeats
		h.pass(4 * time.Minute)
		assert.Greater(h, h.server(1).Stats().Checkins+len(h.wire.Calls(transporttest.Checkins, "s1:1")), 3, "it tries to return")
		assert.Equal(h, beats, h.server(1).Stats().Heartbeats, "a connection with only returns left does not beat")
		h.server(1).ClearFaults()
	})
}

func TestRule14_EveryFinalStateReturnsTheSeats(t *testing.T) {
	for name, end := range map[string]func(h *harness, license *License){
		"checked in": func(h *harness, license *License) { _ = license.Checkin(h.within(time.Second)) },
		"checked in while broken": func(h *harness, license *License) {
			h.server(1).Down()
			h.untilLost(1)
			_ = license.Checkin(h.Context())
		},
		"lost by refusal": func(h *harness, _ *License) { h.server(1).Down(); h.server(2).SetSeats("f2", 0) },
		"exited":          func(h *harness, _ *License) { h.server(1).Down(); h.server(2).Down() },
		"timed out": func(h *harness, _ *License) {
			h.server(1).BlackHole(true, transporttest.Heartbeats)
			h.server(2).Down()
		},
	} {
		t.Run("rule 14: "+name, func(t *testing.T) {
			setup := func(h *harness) {
				attempts(3)(h)
				h.server(1).SetClientTimeout(time.Hour)
				if name == "timed out" {
					h.config.EnforceTimeout = true
					h.config.Heartbeat.Attempts = 1000
				}
			}
			withHarness(t, 2, setup, func(h *harness) {
				license := h.checkout()
				end(h, license)
				<-license.Done()
				h.server(1).ClearFaults()
				h.server(1).Up()
				h.server(2).Up()
				h.pass(soon)
				assert.Zero(h, h.server(1).Held("f2"))
				assert.Zero(h, h.server(2).Held("f2"))
			})
		})
	}
}

func TestRule14_ReturnsExpireAfterTheClientTimeout(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Down()
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		h.pass(transporttest.DefaultClientTimeout + soon)
		tried := h.server(1).Stats().Tried
		h.pass(time.Hour)
		assert.Equal(h, tried, h.server(1).Stats().Tried)
		h.server(1).Up()
	})
}

func TestRule14_SeatsOnEveryServerAreReturned(t *testing.T) {
	withHarness(t, 3, rounds(1, 20), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		for _, n := range []int{2, 3} { // both grant, and the answers are lost
			h.server(n).DelayReplies(6*time.Second, transporttest.Checkouts)
			h.server(n).BlackHole(true, transporttest.Checkins)
		}
		h.untilLost(2)
		h.pass(20 * time.Second)
		require.Equal(h, 1, h.server(2).Held("f2"))
		require.Equal(h, 1, h.server(3).Held("f2"))
		require.NoError(h, license.Checkin(h.Context()))
		for n := range 3 {
			h.server(n + 1).ClearFaults()
			h.server(n + 1).Up()
		}
		h.pass(soon)
		for n := range 3 {
			assert.Zero(h, h.server(n+1).Held("f2"), "s%d", n+1)
		}
	})
}
