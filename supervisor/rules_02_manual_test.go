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
func byHand(h *harness) { h.config.Heartbeat = Heartbeat{} }

func TestRule2_HeartbeatsAreOffByDefault(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		h.checkout()
		h.pass(4 * time.Minute)
		assert.Empty(h, h.wire.Calls(transporttest.Heartbeats))
		h.pass(time.Hour)
		assert.Zero(h, h.server(1).Held("f2"), "the server freed the seat: nobody beat the lease")
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
	})
}

func TestRule2_HeartbeatByHandKeepsTheSeat(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		for range 10 {
			h.pass(4 * time.Minute)
			require.NoError(h, license.Heartbeat(h.Context()))
		}
		assert.Equal(h, 1, h.server(1).Held("f2"))
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
	})
}

func TestRule2_HeartbeatByHandBeatsThatLeaseOnly(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.checkout()
		require.NoError(h, license.Heartbeat(h.Context()))
		lease := h.wire.Calls(transporttest.Checkouts)[0].Answer.Outcomes[0].Lease
		assert.Equal(h, []messages.LeaseID{lease}, h.wire.Last(transporttest.Heartbeats).Leases)
	})
}

func TestRule2_ByHandNothingCountsFailsOverOrExits(t *testing.T) {
	withHarness(t, 2, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		for range 20 {
			err := license.Heartbeat(h.Context())
			require.ErrorContains(h, err, "unreachable")
			require.NotErrorIs(h, err, messages.ErrLost)
			h.pass(time.Minute)
		}
		status := license.Status()
		assert.Equal(h, messages.StateHeld, status.State)
		assert.Zero(h, status.Failed)
		assert.Zero(h, h.server(2).Stats().Tried, "no failover")
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
	})
}

func TestRule2_ByHandNothingReconnectsByItself(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		require.Error(h, license.Heartbeat(h.Context()))
		tried := h.server(1).Stats().Tried
		h.pass(time.Hour)
		assert.Equal(h, tried, h.server(1).Stats().Tried)
		h.server(1).Up()
	})
}

func TestRule2_HeartbeatByHandWorksAgainOnceTheServerIsBack(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		require.Error(h, license.Heartbeat(h.Context()))
		h.server(1).Up()
		assert.NoError(h, license.Heartbeat(h.Context()))
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1, "no seat is taken")
	})
}

func TestRule2_HeartbeatByHandResumesOverARestart(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Restart()
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "Restarted s1:1", "Retrying f2 s1:1", "Resumed f2 s1:1"}, h.events.texts())
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1)
	})
}

func TestRule2_HeartbeatByHandRepairsALostLedgerInsideTheCall(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Forget()
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Equal(h, 1, h.server(1).Held("f2"))
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "Restarted s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1"}, h.events.texts())
	})
}

func TestRule2_HeartbeatByHandReturnsErrLost(t *testing.T) {
	t.Run("rule 2: when the lease was revoked", func(t *testing.T) {
		withHarness(t, 1, byHand, func(h *harness) {
			license := h.checkout()
			h.server(1).RevokeFeature("f2")
			assert.ErrorIs(h, license.Heartbeat(h.Context()), messages.ErrLost)
		})
	})
	t.Run("rule 2: when the seats are refused after a restart", func(t *testing.T) {
		withHarness(t, 1, byHand, func(h *harness) {
			license := h.checkout()
			h.server(1).Forget()
			h.server(1).SetSeats("f2", 0)
			err := license.Heartbeat(h.Context())
			var lost *messages.LostError
			require.ErrorAs(h, err, &lost)
			assert.Equal(h, messages.NoSeats, lost.Reason)
		})
	})
	t.Run("rule 2: when the license was lost before", func(t *testing.T) {
		withHarness(t, 1, byHand, func(h *harness) {
			license := h.checkout()
			h.server(1).RevokeFeature("f2")
			require.Error(h, license.Heartbeat(h.Context()))
			assert.ErrorIs(h, license.Heartbeat(h.Context()), messages.ErrLost)
		})
	})
}

func TestRule2_ARetakeByHandWithoutAnAnswerIsRepeatedByTheNextCall(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Forget()
		h.server(1).DropReplies(1, transporttest.Checkouts)
		require.Error(h, license.Heartbeat(h.Context()))
		assert.Equal(h, messages.StateRetaking, license.Status().State)
		before := h.wire.Calls(transporttest.Checkouts)
		h.pass(4 * time.Minute)
		require.Len(h, h.wire.Calls(transporttest.Checkouts), len(before), "nothing is repeated by itself")

		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Equal(h, before[1].Takes[0].Request, h.wire.Last(transporttest.Checkouts).Takes[0].Request)
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Equal(h, 1, h.mostHeld("s1:1"))
	})
}

func TestRule2_ARetakeByHandWithARetryAfterIsRepeatedByTheNextCall(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Forget()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second}, transporttest.Checkouts)
		require.ErrorContains(h, license.Heartbeat(h.Context()), "Busy")
		h.pass(time.Minute)
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 2, "nothing is repeated by itself")
		h.server(1).ClearFaults()
		assert.NoError(h, license.Heartbeat(h.Context()))
	})
}

func TestRule2_HeartbeatMakesTheConnectionBeatNow(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.checkout()
		h.untilHeartbeats(1)
		h.pass(10 * time.Second)
		beats := len(h.wire.Calls(transporttest.Heartbeats))
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), beats+1)
		assert.Len(h, h.wire.Last(transporttest.Heartbeats).Leases, 2)
	})
}

func TestRule2_HeartbeatJoinsABeatInFlight(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).DelayReplies(10*time.Second, transporttest.Heartbeats)
		h.until("a beat in flight", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 1 })
		h.pass(5 * time.Second)
		begin := time.Now()
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Less(h, time.Since(begin), 6*time.Second)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule2_TheFailureOfAHeartbeatCallDoesNotCount(t *testing.T) {
	setup := func(h *harness) { h.config.Heartbeat = Heartbeat{Attempts: 1, Interval: time.Hour} }
	withHarness(t, 1, setup, func(h *harness) {
		h.server(1).SetClientTimeout(10 * time.Hour)
		license := h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Down()
		for range 5 {
			require.Error(h, license.Heartbeat(h.Context()))
		}
		assert.Zero(h, license.Status().Failed)
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
		h.server(1).Up()
	})
}

func TestRule2_TheIntervalIsTwoMinutesByDefault(t *testing.T) {
	setup := func(h *harness) { h.config.Heartbeat = Heartbeat{Attempts: 5} }
	withHarness(t, 1, setup, func(h *harness) {
		h.server(1).SetClientTimeout(time.Hour)
		h.checkout()
		h.untilHeartbeats(11)
		beats := h.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(h, 2*time.Minute, beats[10].Sent.Sub(beats[0].Sent)/10, float64(12*time.Second))
	})
}

func TestRule2_AnIntervalThatIsNotAdvisedLogsOneWarning(t *testing.T) {
	for interval, warnings := range map[time.Duration]int{
		29 * time.Second: 1, 30 * time.Second: 0, 2 * time.Minute: 0, 2*time.Minute + 1: 1, 0: 0,
	} {
		t.Run("rule 2: "+interval.String(), func(t *testing.T) {
			var book logRecorder
			setup := func(h *harness) {
				h.config.Heartbeat.Interval = interval
				h.logTo(&book)
			}
			withHarness(t, 1, setup, func(h *harness) {
				h.checkout()
				h.untilHeartbeats(3)
				assert.Len(h, book.find(slog.LevelWarn, "advised"), warnings)
			})
		})
	}
}
