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
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).DelayReplies(2*time.Second, transporttest.Checkins)
		begin := time.Now()
		require.NoError(s, license.Checkin(s.Context()))
		assert.Equal(s, 2*time.Second, time.Since(begin))
		assert.Zero(s, s.server(1).Held("f2"))
		assert.ErrorIs(s, license.Err(), messages.ErrCheckedIn)
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, s.events.texts())
	})
}

func TestRule19_CheckinWhileDisconnectedSucceedsAtOnce(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).BlackHole(true)
		s.untilLost(2)
		begin := time.Now()
		require.NoError(s, license.Checkin(s.Context()))
		assert.Zero(s, time.Since(begin))
		assert.Equal(s, messages.StateCheckedIn, license.Status().State)
		s.untilTold("CheckedIn f2 s1:1")
		s.server(1).ClearFaults()
		s.pass(soon)
		assert.Zero(s, s.server(1).Held("f2"), "returned once the server was heard again")
	})
}

func TestRule19_CheckinThatFindsTheServerDownSucceedsAtOnce(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		begin := time.Now()
		require.NoError(s, license.Checkin(s.Context()))
		assert.Zero(s, time.Since(begin))
		s.server(1).Up()
		s.pass(soon)
		assert.Zero(s, s.server(1).Held("f2"))
	})
}

func TestRule19_CheckinDuringAFailoverSucceedsAtOnce(t *testing.T) {
	onStage(t, 2, rounds(1, 5), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).BlackHole(true)
		s.untilLost(1)
		require.Equal(s, messages.StateFailingOver, license.Status().State)
		begin := time.Now()
		require.NoError(s, license.Checkin(s.Context()))
		assert.Zero(s, time.Since(begin))
		s.server(2).ClearFaults()
		s.server(1).Up()
		s.pass(soon)
		assert.Zero(s, s.server(1).Held("f2"))
		assert.Zero(s, s.server(2).Held("f2"))
	})
}

func TestRule19_CheckinEndsWithItsContextAndTheSeatIsReturnedNevertheless(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).DelayReplies(4*time.Second, transporttest.Checkins)
		begin := time.Now()
		assert.ErrorIs(s, license.Checkin(s.within(time.Second)), context.DeadlineExceeded)
		assert.Equal(s, time.Second, time.Since(begin))
		s.pass(10 * time.Second)
		assert.Zero(s, s.server(1).Held("f2"))
	})
}

func TestRule19_CheckinWithAnEndedContextReturnsTheSeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		_ = license.Checkin(s.within(0))
		s.pass(time.Second)
		assert.ErrorIs(s, license.Err(), messages.ErrCheckedIn)
		assert.Zero(s, s.server(1).Held("f2"))
	})
}

func TestRule19_ASecondCheckinIsHarmless(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		require.NoError(s, license.Checkin(s.Context()))
		begin := time.Now()
		assert.NoError(s, license.Checkin(s.within(time.Minute)))
		assert.Zero(s, time.Since(begin))
	})
}

func TestRule19_CheckinOfALostLicenseReturnsItsError(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).RevokeFeature("f2")
		<-license.Done()
		assert.ErrorIs(s, license.Checkin(s.Context()), messages.ErrLost)
	})
}
