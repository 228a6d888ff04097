package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule2_AHeartbeatByHandMovesOneDeadline(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		beaten, other := h.checkout(), h.checkout()
		before := other.Status().Deadline
		h.pass(2 * time.Minute)
		require.NoError(h, beaten.Heartbeat(h.Context()))
		assert.Equal(h, before, other.Status().Deadline)
		assert.Equal(h, time.Now().Add(transporttest.DefaultClientTimeout), beaten.Status().Deadline)
		assert.Equal(h, before, h.rt.Status().Connections[0].Deadline, "the first lease that the server may free")
		h.pass(time.Until(before) + time.Second)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule2_NoHeartbeatIsSentForACallThatHasEnded(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 30 * time.Second}, transporttest.Heartbeats)
		require.Error(h, license.Heartbeat(h.Context()))
		h.server(1).ClearFaults()
		require.Error(h, license.Heartbeat(h.within(time.Second)), "it waits for the end of the retry-after")
		sent := len(h.wire.Calls(transporttest.Heartbeats))
		h.pass(10 * time.Minute)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), sent)
	})
}

func TestRule2_NoEmptyHeartbeatIsSentByHand(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license, other := h.checkout(), h.checkout()
		h.server(1).Forget()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second}, transporttest.Checkouts)
		for range 5 {
			_ = license.Heartbeat(h.within(500 * time.Millisecond))
			_ = other.Heartbeat(h.within(500 * time.Millisecond))
		}
		h.server(1).ClearFaults()
		require.NoError(h, license.Heartbeat(h.within(time.Minute)))
		for _, c := range h.wire.Calls(transporttest.Heartbeats) {
			assert.NotEmpty(h, c.Leases)
		}
	})
}
