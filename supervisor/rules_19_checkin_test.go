package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule19_CheckinReturnsTheSeatBeforeItReturns(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).DelayReplies(2*time.Second, transporttest.Checkins)
		begin := time.Now()
		require.NoError(h, license.Checkin(h.Context()))
		assert.Equal(h, 2*time.Second, time.Since(begin))
		assert.Zero(h, h.server(1).Held("f2"))
		assert.ErrorIs(h, license.Err(), messages.ErrCheckedIn)
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, h.events.texts())
	})
}

func TestRule19_CheckinWhileDisconnectedSucceedsAtOnce(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).BlackHole(true)
		h.untilLost(2)
		begin := time.Now()
		require.NoError(h, license.Checkin(h.Context()))
		assert.Zero(h, time.Since(begin))
		assert.Equal(h, messages.StateCheckedIn, license.Status().State)
		h.untilEvent("CheckedIn f2 s1:1")
		h.server(1).ClearFaults()
		h.pass(soon)
		assert.Zero(h, h.server(1).Held("f2"), "returned once the server was heard again")
	})
}

func TestRule19_CheckinThatFindsTheServerDownSucceedsAtOnce(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		begin := time.Now()
		require.NoError(h, license.Checkin(h.Context()))
		assert.Zero(h, time.Since(begin))
		h.server(1).Up()
		h.pass(soon)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

func TestRule19_CheckinDuringAFailoverSucceedsAtOnce(t *testing.T) {
	withHarness(t, 2, rounds(1, 5), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).BlackHole(true)
		h.untilLost(1)
		require.Equal(h, messages.StateFailingOver, license.Status().State)
		begin := time.Now()
		require.NoError(h, license.Checkin(h.Context()))
		assert.Zero(h, time.Since(begin))
		h.server(2).ClearFaults()
		h.server(1).Up()
		h.pass(soon)
		assert.Zero(h, h.server(1).Held("f2"))
		assert.Zero(h, h.server(2).Held("f2"))
	})
}

func TestRule19_CheckinEndsWithItsContextAndTheSeatIsReturnedNevertheless(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).DelayReplies(4*time.Second, transporttest.Checkins)
		begin := time.Now()
		assert.ErrorIs(h, license.Checkin(h.within(time.Second)), context.DeadlineExceeded)
		assert.Equal(h, time.Second, time.Since(begin))
		h.pass(10 * time.Second)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

func TestRule19_CheckinWithAnEndedContextReturnsTheSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		_ = license.Checkin(h.within(0))
		h.pass(time.Second)
		assert.ErrorIs(h, license.Err(), messages.ErrCheckedIn)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

func TestRule19_ASecondCheckinIsHarmless(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		require.NoError(h, license.Checkin(h.Context()))
		begin := time.Now()
		assert.NoError(h, license.Checkin(h.within(time.Minute)))
		assert.Zero(h, time.Since(begin))
	})
}

func TestRule19_CheckinOfALostLicenseReturnsItsError(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).RevokeFeature("f2")
		<-license.Done()
		assert.ErrorIs(h, license.Checkin(h.Context()), messages.ErrLost)
	})
}
