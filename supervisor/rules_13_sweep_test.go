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
	setup := func(s *stage) {
		attempts(2)(s)
		s.config.ConnectTimeout = time.Minute
	}
	onStage(t, 2, setup, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).DelayReplies(50*time.Second, transporttest.Checkouts)
		s.untilLost(2)
		s.pass(time.Second)
		require.Equal(s, 1, s.server(2).Held("f2"), "granted, but the reply is under way")
		s.server(1).Up()
		s.untilTold("Resumed f2 s1:1")
		s.pass(time.Minute)
		assert.Equal(s, "S1", license.Status().Server.ID)
		assert.Zero(s, s.server(2).Held("f2"))
		assert.Equal(s, 1, s.server(1).Held("f2"))
		assert.Zero(s, count[messages.FailedOver](&s.events))
	})
}

func TestRule13_ASeatGrantedTooLateIsReplacedByTheNextRound(t *testing.T) {
	onStage(t, 2, rounds(1, 10), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).DelayReplies(7*time.Second, transporttest.Checkouts) // ConnectTimeout is 5 s
		s.server(2).BlackHole(true, transporttest.Checkins)              // and cancels don't arrive
		s.untilLost(3)
		s.server(2).DelayReplies(0, transporttest.Checkouts)
		s.untilTold("FailedOver f2 s1:1>s2:1")
		assert.NotEmpty(s, s.wire.Last(transporttest.Checkouts, "s2:1").Takes[0].Replaces)
		s.server(2).ClearFaults()
		s.pass(10 * time.Minute)
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Equal(s, 1, s.server(2).Held("f2"))
		assert.Equal(s, 1, s.mostHeld("s2:1"))
	})
}

func TestRule13_ACancelIsGivenUpAfterTheClientTimeout(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.server(1).Tamper(func(c transporttest.Call, _ *transporttest.Reply) {
			if c.Kind == transporttest.Checkouts {
				s.server(1).Down()
			}
		})
		s.server(1).DropReplies(2, transporttest.Checkouts)
		require.Equal(s, "S2", s.checkout().Status().Server.ID)
		require.Equal(s, 1, s.server(1).Held("f2"))
		s.pass(transporttest.DefaultClientTimeout - time.Minute)
		tried := s.server(1).Stats().Tried
		s.pass(time.Minute + time.Minute/2) // a try may have been planned
		until := s.server(1).Stats().Tried
		assert.Greater(s, until, tried)
		s.pass(time.Hour)
		assert.Equal(s, until, s.server(1).Stats().Tried)
		s.server(1).Tamper(nil)
		s.server(1).Up()
	})
}
