package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule14_ALocalSeatIsOwedUntilItsReturnIsAnswered(t *testing.T) {
	withHarness(t, 1, func(h *harness) { h.server(1).MarkLocal("f2") }, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		require.NoError(h, license.Checkin(h.Context()))
		h.pass(4 * transporttest.DefaultClientTimeout)
		h.server(1).Up()
		h.pass(2 * time.Minute)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

func TestRule20_CloseSaysThatAServerRefusedAReturn(t *testing.T) {
	refused := &transport.Refusal{Reason: messages.Denied}
	t.Run("while it closes", func(t *testing.T) {
		withHarness(t, 1, nil, func(h *harness) {
			h.checkout()
			h.server(1).Refuse(refused, transporttest.Checkins)
			assert.ErrorContains(h, h.rt.Close(h.within(time.Minute)), "1 returns were refused")
		})
	})
	t.Run("before, and the server has freed the seats", func(t *testing.T) {
		withHarness(t, 1, nil, func(h *harness) {
			license := h.checkout()
			h.server(1).Refuse(refused, transporttest.Checkins)
			require.NoError(h, license.Checkin(h.Context()))
			h.pass(2 * transporttest.DefaultClientTimeout)
			assert.NoError(h, h.rt.Close(h.within(time.Minute)))
		})
	})
}

func TestRule19_CheckinWithAnEndedContextReturnsWhenTheLicenseIsGone(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		ended, cancel := context.WithCancel(h.Context())
		cancel()
		for range 50 {
			license := h.checkout()
			_ = license.Checkin(ended)
			require.ErrorIs(h, license.Err(), messages.ErrCheckedIn)
		}
	})
}
