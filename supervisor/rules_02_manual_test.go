package supervisor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// byHand leaves heartbeats to the application.
func byHand(s *stage) { s.config.Heartbeat = Heartbeat{} }

func TestRule2_HeartbeatsAreOffByDefault(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		s.checkout()
		s.pass(4 * time.Minute)
		assert.Empty(s, s.wire.Calls(transporttest.Heartbeats))
		s.pass(time.Hour)
		assert.Zero(s, s.server(1).Held("f2"), "the server freed the seat: nobody beats it")
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
	})
}

func TestRule2_HeartbeatByHandKeepsTheSeat(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		for range 10 {
			s.pass(4 * time.Minute)
			require.NoError(s, license.Heartbeat(s.Context()))
		}
		assert.Equal(s, 1, s.server(1).Held("f2"))
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
	})
}

func TestRule2_HeartbeatByHandBeatsThatLeaseOnly(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.checkout()
		require.NoError(s, license.Heartbeat(s.Context()))
		lease := s.wire.Calls(transporttest.Checkouts)[0].Answer.Outcomes[0].Lease
		assert.Equal(s, []messages.LeaseID{lease}, s.wire.Last(transporttest.Heartbeats).Leases)
	})
}

func TestRule2_NothingCountsOrSweepsOrExitsByHand(t *testing.T) {
	onStage(t, 2, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		for range 20 {
			err := license.Heartbeat(s.Context())
			require.ErrorContains(s, err, "unreachable")
			require.NotErrorIs(s, err, messages.ErrLost)
			s.pass(time.Minute)
		}
		status := license.Status()
		assert.Equal(s, messages.StateHeld, status.State)
		assert.Zero(s, status.Failed)
		assert.Zero(s, s.server(2).Stats().Tried, "no sweep")
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
	})
}

func TestRule2_NothingReconnectsByItselfByHand(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		require.Error(s, license.Heartbeat(s.Context()))
		tried := s.server(1).Stats().Tried
		s.pass(time.Hour)
		assert.Equal(s, tried, s.server(1).Stats().Tried)
		s.server(1).Up()
	})
}

func TestRule2_HeartbeatByHandWorksAgainOnceTheServerIsBack(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		require.Error(s, license.Heartbeat(s.Context()))
		s.server(1).Up()
		assert.NoError(s, license.Heartbeat(s.Context()))
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1, "no seat is taken")
	})
}

func TestRule2_HeartbeatByHandResumesOverARestart(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Restart()
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "Restarted s1:1", "Retrying f2 s1:1", "Resumed f2 s1:1"}, s.events.texts())
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1)
	})
}

func TestRule2_HeartbeatByHandRepairsALostLedgerInsideTheCall(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Forget()
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Equal(s, 1, s.server(1).Held("f2"))
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "Restarted s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1"}, s.events.texts())
	})
}

func TestRule2_HeartbeatByHandReturnsErrLost(t *testing.T) {
	t.Run("rule 2: when the lease was revoked", func(t *testing.T) {
		onStage(t, 1, byHand, func(s *stage) {
			license := s.checkout()
			s.server(1).RevokeFeature("f2")
			assert.ErrorIs(s, license.Heartbeat(s.Context()), messages.ErrLost)
		})
	})
	t.Run("rule 2: when the seats are refused after a restart", func(t *testing.T) {
		onStage(t, 1, byHand, func(s *stage) {
			license := s.checkout()
			s.server(1).Forget()
			s.server(1).SetSeats("f2", 0)
			err := license.Heartbeat(s.Context())
			var lost *messages.LostError
			require.ErrorAs(s, err, &lost)
			assert.Equal(s, messages.NoSeats, lost.Reason)
		})
	})
	t.Run("rule 2: when the license was lost before", func(t *testing.T) {
		onStage(t, 1, byHand, func(s *stage) {
			license := s.checkout()
			s.server(1).RevokeFeature("f2")
			require.Error(s, license.Heartbeat(s.Context()))
			assert.ErrorIs(s, license.Heartbeat(s.Context()), messages.ErrLost)
		})
	})
}

func TestRule2_ATakeUnansweredByHandIsRepeatedByTheNextCall(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Forget()
		s.server(1).DropReplies(1, transporttest.Checkouts)
		require.Error(s, license.Heartbeat(s.Context()))
		assert.Equal(s, messages.StateRetaking, license.Status().State)
		before := s.wire.Calls(transporttest.Checkouts)
		s.pass(4 * time.Minute)
		require.Len(s, s.wire.Calls(transporttest.Checkouts), len(before), "nothing is repeated by itself")

		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Equal(s, before[1].Takes[0].Request, s.wire.Last(transporttest.Checkouts).Takes[0].Request)
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Equal(s, 1, s.mostHeld("s1:1"))
	})
}

func TestRule2_ATakeRefusedForNowByHandIsRepeatedByTheNextCall(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Forget()
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second}, transporttest.Checkouts)
		require.ErrorContains(s, license.Heartbeat(s.Context()), "Busy")
		s.pass(time.Minute)
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 2, "nothing is repeated by itself")
		s.server(1).ClearFaults()
		assert.NoError(s, license.Heartbeat(s.Context()))
	})
}

func TestRule2_HeartbeatMakesTheConnectionBeatNow(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.checkout()
		s.untilBeaten(1)
		s.pass(10 * time.Second)
		beats := len(s.wire.Calls(transporttest.Heartbeats))
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), beats+1)
		assert.Len(s, s.wire.Last(transporttest.Heartbeats).Leases, 2)
	})
}

func TestRule2_HeartbeatJoinsABeatInFlight(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).DelayReplies(10*time.Second, transporttest.Heartbeats)
		s.until("a beat in flight", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 1 })
		s.pass(5 * time.Second)
		begin := time.Now()
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Less(s, time.Since(begin), 6*time.Second)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule2_TheFailureOfAHeartbeatCallDoesNotCount(t *testing.T) {
	setup := func(s *stage) { s.config.Heartbeat = Heartbeat{Attempts: 1, Interval: time.Hour} }
	onStage(t, 1, setup, func(s *stage) {
		s.server(1).SetClientTimeout(10 * time.Hour)
		license := s.checkout()
		s.untilBeaten(1)
		s.server(1).Down()
		for range 5 {
			require.Error(s, license.Heartbeat(s.Context()))
		}
		assert.Zero(s, license.Status().Failed)
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
		s.server(1).Up()
	})
}

func TestRule2_TheIntervalIsTwoMinutesByDefault(t *testing.T) {
	setup := func(s *stage) { s.config.Heartbeat = Heartbeat{Attempts: 5} }
	onStage(t, 1, setup, func(s *stage) {
		s.server(1).SetClientTimeout(time.Hour)
		s.checkout()
		s.untilBeaten(11)
		beats := s.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(s, 2*time.Minute, beats[10].Sent.Sub(beats[0].Sent)/10, float64(12*time.Second))
	})
}

func TestRule2_AnIntervalThatIsNotAdvisedIsWarnedOfOnce(t *testing.T) {
	for interval, warnings := range map[time.Duration]int{
		29 * time.Second: 1, 30 * time.Second: 0, 2 * time.Minute: 0, 2*time.Minute + 1: 1, 0: 0,
	} {
		t.Run("rule 2: "+interval.String(), func(t *testing.T) {
			var book logBook
			setup := func(s *stage) {
				s.config.Heartbeat.Interval = interval
				s.logTo(&book)
			}
			onStage(t, 1, setup, func(s *stage) {
				s.checkout()
				s.untilBeaten(3)
				assert.Len(s, book.from(slog.LevelWarn, "advised"), warnings)
			})
		})
	}
}
