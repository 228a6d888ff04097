package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// untilLost waits until n heartbeats to s1:1 have failed in a row, and returns when the last one did.
func (h *harness) untilLost(n int) (at time.Time) {
	h.Helper()
	for i := range n {
		at = h.untilEvent(fmt.Sprintf("Lost(%d) s1:1", i+1))
	}
	return at
}

func TestRule5_BelowAttemptsOnlyTheOriginIsAsked(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		for n := 1; n < 5; n++ {
			h.untilEvent(fmt.Sprintf("Lost(%d) s1:1", n))
			require.Equal(h, messages.StateReconnecting, license.Status().State)
			require.Equal(h, n, license.Status().Failed)
		}
		h.pass(40 * time.Second)
		assert.Zero(h, h.server(2).Stats().Tried)
		assert.Zero(h, h.server(3).Stats().Tried)
		h.server(1).Up()
	})
}

func TestRule5_ReturnsElsewhereGoOnBelowAttempts(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.checkout()
		h.server(1).SetSeats("f3", 0)
		elsewhere := h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.server(1).Down()
		h.untilLost(2)
		require.NoError(h, elsewhere.Checkin(h.Context()))
		assert.Zero(h, h.server(2).Held("f3"))
		h.server(1).Up()
	})
}

func TestRule5_AServerThatComesBackBelowAttemptsIsRecoveredFrom(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilLost(2)
		h.server(1).Up()
		h.untilEvent("Retrying f2 s1:1")
		h.untilEvent("Resumed f2 s1:1")
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1)
		assert.Zero(h, h.server(2).Stats().Tried)
	})
}
