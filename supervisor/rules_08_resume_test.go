package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule8_ABlipTakesNoSecondSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilLost(3)
		h.server(1).Up()
		h.untilEvent("Retrying f2 s1:1")
		h.untilEvent("Resumed f2 s1:1")
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1)
		assert.Equal(h, 1, h.mostHeld("s1:1"))
		assert.Equal(h, messages.StateHeld, license.Status().State)
	})
}

func TestRule8_ARestartFromTheLedgerTakesNoSecondSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Restart()
		h.untilEvent("Resumed f2 s1:1")
		h.untilHeartbeats(5)
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1)
		assert.Equal(h, 1, h.mostHeld("s1:1"))
	})
}

func TestRule8_ABeatThatRevealsTheRestartIsNotRepeated(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Restart()
		h.untilEvent("Resumed f2 s1:1")
		h.pass(time.Second)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 2)
	})
}

func TestRule8_AfterABreakTheWholeListIsBeatenFirst(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		for range 3 {
			h.checkout()
		}
		h.server(1).Down()
		h.untilLost(1)
		before := h.wire.Len()
		h.server(1).Up()
		h.until("it answers", func() bool { return h.wire.CountAnswered(transporttest.Heartbeats) == 1 })
		for _, call := range h.wire.All()[before:] {
			if call.Kind != transporttest.Connects {
				assert.Len(h, call.Leases, 3, "%s", call)
				break
			}
		}
		h.pass(0)
		assert.Equal(h, 3, count[messages.CheckoutSucceeded](&h.events))
	})
}

func TestRule8_ACheckoutThatRevealsARestartMakesTheConnectionBeat(t *testing.T) {
	withHarness(t, 1, beatingEvery(time.Hour, 5), func(h *harness) {
		h.checkout()
		h.server(1).Restart()
		h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.untilEvent("Restarted s1:1")
		h.untilEvent("Resumed f2 s1:1")
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule8_OnlyLeasesThatTheServerEndedAreTakenAgain(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		kept, gone := h.checkout(), h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.untilHeartbeats(1)
		h.server(1).Down()
		h.untilLost(1)
		for _, lease := range h.server(1).Leases() {
			if lease.Feature == "f3" {
				require.True(h, h.server(1).End(lease.ID, messages.Expired))
			}
		}
		h.server(1).Up()
		h.untilEvent("Resumed f2 s1:1")
		h.pass(0)
		assert.Equal(h, "f3", h.wire.Last(transporttest.Checkouts).Takes[0].Feature)
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 3)
		assert.Equal(h, messages.StateHeld, kept.Status().State)
		assert.Equal(h, messages.StateHeld, gone.Status().State)
		assert.Equal(h, 2, h.server(1).HeldTotal())
	})
}

func TestRule8_ALostLedgerMeansThatEverySeatIsTakenAgain(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		for range 3 {
			h.checkout()
		}
		h.untilHeartbeats(1)
		h.server(1).Forget()
		h.untilEvent("Succeeded f2 s1:1")
		h.pass(time.Second)
		assert.Equal(h, 3, h.server(1).Held("f2"))
		assert.Equal(h, 3, h.mostHeld("s1:1"))
	})
}
