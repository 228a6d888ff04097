package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// soon is longer than the longest pause between two reconnect tries, and a call under way before it.
const soon = 40 * time.Second

func TestRule14_AfterAFailoverTheOldServerGetsItsSeatsBackWhenHeardAgain(t *testing.T) {
	onStage(t, 2, attempts(2), func(s *stage) {
		s.checkoutOf(messages.Checkout{Feature: "f2", Count: 3})
		s.server(1).Down()
		s.untilTold("FailedOver f2 s1:1>s2:1")
		require.Equal(s, 3, s.server(1).Held("f2"))
		s.server(1).Up()
		s.pass(soon)
		assert.Zero(s, s.server(1).Held("f2"))
		assert.Equal(s, 3, s.server(2).Held("f2"))
	})
}

func TestRule14_ALeaseToBeReturnedIsNeverBeaten(t *testing.T) { // which checkHistory looks at, too
	onStage(t, 2, attempts(2), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.untilTold("FailedOver f2 s1:1>s2:1")
		s.server(1).BlackHole(true, transporttest.Checkins)
		s.server(1).Up()
		beats := s.server(1).Stats().Heartbeats
		s.pass(4 * time.Minute)
		assert.Greater(s, s.server(1).Stats().Checkins+len(s.wire.Calls(transporttest.Checkins, "s1:1")), 3, "it tries to return")
		assert.Equal(s, beats, s.server(1).Stats().Heartbeats, "a connection with only returns left does not beat")
		s.server(1).ClearFaults()
	})
}

func TestRule14_EveryFinalStateReturnsTheSeats(t *testing.T) {
	for name, end := range map[string]func(s *stage, license *License){
		"checked in":              func(s *stage, license *License) { _ = license.Checkin(s.within(time.Second)) },
		"checked in while broken": func(s *stage, license *License) { s.server(1).Down(); s.untilLost(1); _ = license.Checkin(s.Context()) },
		"lost by refusal":         func(s *stage, _ *License) { s.server(1).Down(); s.server(2).SetSeats("f2", 0) },
		"exited":                  func(s *stage, _ *License) { s.server(1).Down(); s.server(2).Down() },
		"timed out":               func(s *stage, _ *License) { s.server(1).BlackHole(true, transporttest.Heartbeats); s.server(2).Down() },
	} {
		t.Run("rule 14: "+name, func(t *testing.T) {
			setup := func(s *stage) {
				attempts(3)(s)
				s.server(1).SetClientTimeout(time.Hour)
				if name == "timed out" {
					s.config.EnforceTimeout = true
					s.config.Heartbeat.Attempts = 1000
				}
			}
			onStage(t, 2, setup, func(s *stage) {
				license := s.checkout()
				end(s, license)
				<-license.Done()
				s.server(1).ClearFaults()
				s.server(1).Up()
				s.server(2).Up()
				s.pass(soon)
				assert.Zero(s, s.server(1).Held("f2"))
				assert.Zero(s, s.server(2).Held("f2"))
			})
		})
	}
}

func TestRule14_ReturnsAreForgottenAfterTheClientTimeout(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Down()
		s.untilTold("FailedOver f2 s1:1>s2:1")
		s.pass(transporttest.DefaultClientTimeout + soon)
		tried := s.server(1).Stats().Tried
		s.pass(time.Hour)
		assert.Equal(s, tried, s.server(1).Stats().Tried)
		s.server(1).Up()
	})
}

func TestRule14_SeatsOnEveryServerAreReturned(t *testing.T) {
	onStage(t, 3, rounds(1, 20), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		for _, n := range []int{2, 3} { // both grant, and nobody hears of it
			s.server(n).DelayReplies(6*time.Second, transporttest.Checkouts)
			s.server(n).BlackHole(true, transporttest.Checkins)
		}
		s.untilLost(2)
		s.pass(20 * time.Second)
		require.Equal(s, 1, s.server(2).Held("f2"))
		require.Equal(s, 1, s.server(3).Held("f2"))
		require.NoError(s, license.Checkin(s.Context()))
		for n := range 3 {
			s.server(n + 1).ClearFaults()
			s.server(n + 1).Up()
		}
		s.pass(soon)
		for n := range 3 {
			assert.Zero(s, s.server(n+1).Held("f2"), "s%d", n+1)
		}
	})
}
