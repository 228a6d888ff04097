package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func localF2(h *harness) { h.server(1).MarkLocal("f2") }

func TestRule1_ALocalLicenceIsNeverBeaten(t *testing.T) {
	withHarness(t, 1, localF2, func(h *harness) {
		license := h.checkout()
		h.pass(3 * time.Hour)
		assert.Empty(h, h.wire.Calls(transporttest.Heartbeats))
		assert.Equal(h, 1, h.server(1).Held("f2"))
		assert.True(h, last[messages.CheckedOut](&h.events).Local)
		assert.Zero(h, license.Status().Deadline)
	})
}

func TestRule1_ALocalLicenceOutlivesItsServer(t *testing.T) {
	setup := func(h *harness) {
		localF2(h)
		h.config.EnforceTimeout = true
	}
	withHarness(t, 1, setup, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.pass(3 * time.Hour)
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
		assert.Equal(h, messages.StateHeld, license.Status().State)
		h.server(1).Up()
	})
}

func TestRule1_ALocalLicenceHasNoPartInTheBreaksOfItsConnection(t *testing.T) {
	setup := func(h *harness) {
		localF2(h)
		h.config.EnforceTimeout = true
	}
	withHarness(t, 1, setup, func(h *harness) {
		local := h.checkout()
		network := h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.server(1).Down()
		h.untilEvent("Lost(1) s1:1")
		assert.Equal(h, 1, last[messages.ConnectionLost](&h.events).Features)
		assert.Equal(h, messages.StateHeld, local.Status().State)
		<-network.Done()
		h.pass(time.Hour)
		assert.NoError(h, local.Err())
		h.server(1).Forget()
		h.pass(time.Hour)
		assert.NoError(h, local.Err())
		assert.Zero(h, h.server(1).Held("f2"), "nobody takes the seat of a local licence again")
	})
}

func TestRule1_HeartbeatOfALocalLicenceAsksNobody(t *testing.T) {
	withHarness(t, 1, localF2, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		tried := h.server(1).Stats().Tried
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Equal(h, tried, h.server(1).Stats().Tried)
	})
}

func TestRule1_ALocalSeatIsReturnedByCheckin(t *testing.T) {
	withHarness(t, 1, localF2, func(h *harness) {
		require.NoError(h, h.checkout().Checkin(h.Context()))
		assert.Zero(h, h.server(1).Held("f2"))
	})
}
