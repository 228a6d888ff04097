package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule13_ATakeElsewhereIsCancelledWhenTheOriginAnswersFirst(t *testing.T) {
	setup := func(h *harness) {
		attempts(2)(h)
		h.config.ConnectTimeout = time.Minute
	}
	withHarness(t, 2, setup, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).DelayReplies(50*time.Second, transporttest.Checkouts)
		h.untilLost(2)
		h.pass(time.Second)
		require.Equal(h, 1, h.server(2).Held("f2"), "granted, but the reply is in flight")
		h.server(1).Up()
		h.untilEvent("Resumed f2 s1:1")
		h.pass(time.Minute)
		assert.Equal(h, "S1", license.Status().Server.ID)
		assert.Zero(h, h.server(2).Held("f2"))
		assert.Equal(h, 1, h.server(1).Held("f2"))
		assert.Zero(h, count[messages.FailedOver](&h.events))
	})
}

func TestRule13_ASeatGrantedTooLateIsReplacedByTheNextRound(t *testing.T) {
	withHarness(t, 2, rounds(1, 10), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).DelayReplies(7*time.Second, transporttest.Checkouts) // ConnectTimeout is 5 s
		h.server(2).BlackHole(true, transporttest.Checkins)              // and cancels do not arrive
		h.untilLost(3)
		h.server(2).DelayReplies(0, transporttest.Checkouts)
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		assert.NotEmpty(h, h.wire.Last(transporttest.Checkouts, "s2:1").Takes[0].Replaces)
		h.server(2).ClearFaults()
		h.pass(10 * time.Minute)
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Equal(h, 1, h.server(2).Held("f2"))
		assert.Equal(h, 1, h.mostHeld("s2:1"))
	})
}

func TestRule13_ACancelIsGivenUpAfterTheClientTimeout(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.server(1).Tamper(func(c transporttest.Call, _ *transporttest.Reply) {
			if c.Kind == transporttest.Checkouts {
				h.server(1).Down()
			}
		})
		h.server(1).DropReplies(2, transporttest.Checkouts)
		require.Equal(h, "S2", h.checkout().Status().Server.ID)
		require.Equal(h, 1, h.server(1).Held("f2"))
		h.pass(transporttest.DefaultClientTimeout - time.Minute)
		tried := h.server(1).Stats().Tried
		h.pass(time.Minute + time.Minute/2) // one more attempt may have been planned
		until := h.server(1).Stats().Tried
		assert.Greater(h, until, tried)
		h.pass(time.Hour)
		assert.Equal(h, until, h.server(1).Stats().Tried)
		h.server(1).Tamper(nil)
		h.server(1).Up()
	})
}
