package supervisor

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// slept moves the wall clock while monotonic time stands still, as on a machine that sleeps.
type slept struct{ ahead atomic.Int64 }

func (c *slept) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *slept) sleep(d time.Duration) { c.ahead.Add(int64(d)) }

func sleeping(c *slept) func(*harness) {
	return func(h *harness) {
		clientTimeout(5 * time.Minute)(h)
		h.config.wall = c.now
	}
}

func TestRule17_AMachineThatSleptBeatsAtOnce(t *testing.T) {
	var clock slept
	withHarness(t, 1, sleeping(&clock), func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		beats := h.server(1).Stats().Heartbeats
		clock.sleep(2 * time.Minute)
		h.pass(10 * time.Second)
		assert.Equal(h, 2*time.Minute, last[messages.ClockJumped](&h.events).By)
		assert.Greater(h, h.server(1).Stats().Heartbeats, beats)
	})
}

func TestRule17_FailuresWithin30SecondsOfAJumpAreRepeatedAndNotCounted(t *testing.T) {
	var clock slept
	withHarness(t, 1, sleeping(&clock), func(h *harness) {
		l := h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Down()
		clock.sleep(2 * time.Minute)
		h.untilEvent("ClockJumped")
		h.pass(25 * time.Second)
		assert.NotContains(h, h.events.names(), "ConnectionLost(1)")
		h.server(1).Up()
		h.pass(31 * time.Second)
		require.NoError(h, l.Err())
		assert.NotContains(h, h.events.names(), "ConnectionLost(1)")
		assert.NotZero(h, h.wire.Last(transporttest.Heartbeats).Sent)
	})
}

func TestRule17_ALeaseIsAsOldAsTheWallClockSays(t *testing.T) {
	var clock slept
	setup := func(h *harness) {
		sleeping(&clock)(h)
		h.config.EnforceTimeout = true
	}
	withHarness(t, 1, setup, func(h *harness) {
		l := h.checkout()
		h.untilHeartbeats(1)
		clock.sleep(5 * time.Minute)
		h.pass(10 * time.Second)
		var lost *messages.LostError
		require.ErrorAs(h, l.Err(), &lost)
		assert.Equal(h, messages.TimedOut, lost.Reason)
	})
}

func TestRule17_ARetryAfterIsNotOverriddenByAJump(t *testing.T) {
	var clock slept
	withHarness(t, 1, sleeping(&clock), func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		refusal := &transport.Refusal{Reason: messages.Busy, RetryAfter: 60 * time.Second}
		h.server(1).Refuse(refusal, transporttest.Heartbeats)
		beats := h.server(1).Stats().Heartbeats + 1
		h.until("a refused beat", func() bool { return h.server(1).Stats().Heartbeats == beats })
		clock.sleep(2 * time.Minute)
		h.pass(20 * time.Second)
		assert.Equal(h, beats, h.server(1).Stats().Heartbeats)
		h.server(1).ClearFaults()
	})
}
