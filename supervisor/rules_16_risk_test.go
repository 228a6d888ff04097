package supervisor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// clientTimeout sets the client timeout of the first server, and so many attempts that the runtime never gives up.
func clientTimeout(d time.Duration) func(*harness) {
	return func(h *harness) {
		h.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
		h.server(1).SetClientTimeout(d)
	}
}

func TestRule16_LeasesAreAtRiskAMarginBeforeTheClientTimeout(t *testing.T) {
	for timeout, margin := range map[time.Duration]time.Duration{
		5 * time.Minute:   15 * time.Second, // 5 %
		time.Hour:         3 * time.Minute,  // 5 %
		100 * time.Second: 10 * time.Second, // at least 10 s
		20 * time.Second:  5 * time.Second,  // at most a quarter
	} {
		t.Run("rule 16: "+timeout.String(), func(t *testing.T) {
			withHarness(t, 1, clientTimeout(timeout), func(h *harness) {
				h.checkout()
				h.untilHeartbeats(2)
				good := h.wire.Last(transporttest.Heartbeats)
				h.server(1).Down()
				atRisk := h.untilEvent("AtRisk s1:1")
				assert.Equal(h, timeout-margin, atRisk.Sub(good.Sent))
				e := last[messages.LeaseAtRisk](&h.events)
				assert.Equal(h, messages.LeaseAtRisk{
					Server: messages.Server{ID: "S1", Address: "s1:1"}, Features: 1, Age: timeout - margin, Timeout: timeout,
				}, e)
				h.server(1).Up()
			})
		})
	}
}

func TestRule16_AgeCountsFromWhenTheBeatWasSent(t *testing.T) {
	withHarness(t, 1, clientTimeout(5*time.Minute), func(h *harness) {
		h.checkout()
		h.server(1).DelayReplies(20*time.Second, transporttest.Heartbeats)
		h.untilHeartbeats(1)
		good := h.wire.Answered(transporttest.Heartbeats)[0]
		require.Equal(h, 20*time.Second, good.Answer.Time.Sub(good.Sent))
		h.server(1).Down()
		assert.Equal(h, 285*time.Second, h.untilEvent("AtRisk s1:1").Sub(good.Sent))
		h.server(1).ClearFaults()
		h.server(1).Up()
	})
}

func TestRule16_AgeCountsFromTheTakeUntilTheFirstBeat(t *testing.T) {
	withHarness(t, 1, clientTimeout(5*time.Minute), func(h *harness) {
		h.server(1).DelayReplies(3*time.Second, transporttest.Checkouts)
		h.checkout()
		h.server(1).Down()
		assert.Equal(h, 285*time.Second, h.untilEvent("AtRisk s1:1").Sub(h.wire.Last(transporttest.Checkouts).Sent))
		h.server(1).ClearFaults()
		h.server(1).Up()
	})
}

func TestRule16_AtRiskIsPublishedOncePerConnectionAndBreak(t *testing.T) {
	withHarness(t, 1, clientTimeout(5*time.Minute), func(h *harness) {
		h.checkout()
		h.checkout()
		for n := range 2 {
			h.server(1).Down()
			h.untilEvent("AtRisk s1:1")
			h.pass(10 * time.Minute)
			assert.Equal(h, n+1, count[messages.LeaseAtRisk](&h.events))
			h.server(1).Up()
			h.untilEvent("Succeeded f2 s1:1")
		}
	})
}

func TestRule16_WithoutEnforceTimeoutTheLicenseGoesOn(t *testing.T) {
	withHarness(t, 1, clientTimeout(5*time.Minute), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilEvent("AtRisk s1:1")
		h.pass(time.Hour)
		assert.NoError(h, license.Err())
		h.server(1).Up()
	})
}

func TestRule16_WithEnforceTimeoutTheLicenseIsLostAtThatMoment(t *testing.T) {
	setup := func(h *harness) {
		clientTimeout(5 * time.Minute)(h)
		h.config.EnforceTimeout = true
	}
	withHarness(t, 2, setup, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		good := h.wire.Last(transporttest.Heartbeats)
		h.server(1).Down()
		lost := h.untilEvent("Lost f2 s1:1 TimedOut")
		assert.Equal(h, 285*time.Second, lost.Sub(good.Sent))
		var e *messages.LostError
		require.ErrorAs(h, license.Err(), &e)
		assert.Equal(h, messages.TimedOut, e.Reason)
		assert.Equal(h, "S1", e.Server.ID)
		assert.Equal(h, 1, count[messages.LeaseAtRisk](&h.events))
		h.server(1).Up()
	})
}

func TestRule16_AFeatureWithoutALeaseKeepsTheAgeOfItsLast(t *testing.T) {
	setup := func(h *harness) {
		clientTimeout(5 * time.Minute)(h)
		h.config.EnforceTimeout = true
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(2)
		good := h.wire.Last(transporttest.Heartbeats)
		h.server(1).Forget()
		busy(h.server(1), messages.Busy, 10*time.Second)
		h.untilEvent("Retrying f2 s1:1")
		lost := h.untilEvent("Lost f2 s1:1 TimedOut")
		assert.Equal(h, 285*time.Second, lost.Sub(good.Sent), "it was never beaten again, though its connection was")
		h.server(1).ClearFaults()
	})
}

func TestRule16_AWallClockThatRunsAheadCounts(t *testing.T) {
	setup := func(h *harness) {
		clientTimeout(5 * time.Minute)(h)
		began := time.Now()
		h.config.wall = func() time.Time { return time.Now().Add(5 * time.Since(began) / 2) } // too slow for a jump
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		good := h.wire.Last(transporttest.Heartbeats)
		h.server(1).Down()
		told := h.untilEvent("AtRisk s1:1")
		assert.Less(h, told.Sub(good.Sent), 200*time.Second, "by the monotonic clock it would be 285 s")
		assert.GreaterOrEqual(h, last[messages.LeaseAtRisk](&h.events).Age, 285*time.Second)
		h.server(1).Up()
	})
}

func TestRule16_TheIntervalIsAtMostAThirdOfTheClientTimeout(t *testing.T) {
	var book logRecorder
	setup := func(h *harness) {
		clientTimeout(30 * time.Second)(h)
		h.logTo(&book)
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.checkout()
		h.untilHeartbeats(11)
		beats := h.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(h, 10*time.Second, beats[10].Sent.Sub(beats[0].Sent)/10, float64(time.Second))
		assert.Len(h, book.find(slog.LevelInfo, "shortened"), 1)
	})
}

func TestRule16_AttemptsThatOutlastTheClientTimeoutLogOneWarning(t *testing.T) {
	for attempts, warnings := range map[int]int{5: 0, 6: 1} {
		var book logRecorder
		setup := func(h *harness) {
			h.config.Heartbeat = Heartbeat{Attempts: attempts, Interval: time.Minute}
			h.logTo(&book)
		}
		withHarness(t, 1, setup, func(h *harness) {
			h.checkout()
			h.checkout()
			h.untilHeartbeats(3)
			assert.Len(h, book.find(slog.LevelWarn, "before Attempts"), warnings, "%d x 1 min, 5 min", attempts)
		})
	}
}
