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

// clientTimeout is the client timeout of the first server; beats are never so many that the runtime gives up.
func clientTimeout(d time.Duration) func(*stage) {
	return func(s *stage) {
		s.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
		s.server(1).SetClientTimeout(d)
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
			onStage(t, 1, clientTimeout(timeout), func(s *stage) {
				s.checkout()
				s.untilBeaten(2)
				good := s.wire.Last(transporttest.Heartbeats)
				s.server(1).Down()
				atRisk := s.untilTold("AtRisk s1:1")
				assert.Equal(s, timeout-margin, atRisk.Sub(good.Sent))
				e := last[messages.LeaseAtRisk](&s.events)
				assert.Equal(s, messages.LeaseAtRisk{
					Server: messages.Server{ID: "S1", Address: "s1:1"}, Features: 1, Age: timeout - margin, Timeout: timeout,
				}, e)
				s.server(1).Up()
			})
		})
	}
}

func TestRule16_AgeCountsFromWhenTheBeatWasSent(t *testing.T) {
	onStage(t, 1, clientTimeout(5*time.Minute), func(s *stage) {
		s.checkout()
		s.server(1).DelayReplies(20*time.Second, transporttest.Heartbeats)
		s.untilBeaten(1)
		good := s.wire.Answered(transporttest.Heartbeats)[0]
		require.Equal(s, 20*time.Second, good.Answer.Time.Sub(good.Sent))
		s.server(1).Down()
		assert.Equal(s, 285*time.Second, s.untilTold("AtRisk s1:1").Sub(good.Sent))
		s.server(1).ClearFaults()
		s.server(1).Up()
	})
}

func TestRule16_AgeCountsFromTheTakeUntilTheFirstBeat(t *testing.T) {
	onStage(t, 1, clientTimeout(5*time.Minute), func(s *stage) {
		s.server(1).DelayReplies(3*time.Second, transporttest.Checkouts)
		s.checkout()
		s.server(1).Down()
		assert.Equal(s, 285*time.Second, s.untilTold("AtRisk s1:1").Sub(s.wire.Last(transporttest.Checkouts).Sent))
		s.server(1).ClearFaults()
		s.server(1).Up()
	})
}

func TestRule16_AtRiskIsToldOncePerConnectionAndBreak(t *testing.T) {
	onStage(t, 1, clientTimeout(5*time.Minute), func(s *stage) {
		s.checkout()
		s.checkout()
		for n := range 2 {
			s.server(1).Down()
			s.untilTold("AtRisk s1:1")
			s.pass(10 * time.Minute)
			assert.Equal(s, n+1, count[messages.LeaseAtRisk](&s.events))
			s.server(1).Up()
			s.untilTold("Succeeded f2 s1:1")
		}
	})
}

func TestRule16_WithoutEnforceTimeoutTheLicenseGoesOn(t *testing.T) {
	onStage(t, 1, clientTimeout(5*time.Minute), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilTold("AtRisk s1:1")
		s.pass(time.Hour)
		assert.NoError(s, license.Err())
		s.server(1).Up()
	})
}

func TestRule16_WithEnforceTimeoutTheLicenseIsLostAtThatMoment(t *testing.T) {
	setup := func(s *stage) {
		clientTimeout(5 * time.Minute)(s)
		s.config.EnforceTimeout = true
	}
	onStage(t, 2, setup, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		good := s.wire.Last(transporttest.Heartbeats)
		s.server(1).Down()
		lost := s.untilTold("Lost f2 s1:1 TimedOut")
		assert.Equal(s, 285*time.Second, lost.Sub(good.Sent))
		var e *messages.LostError
		require.ErrorAs(s, license.Err(), &e)
		assert.Equal(s, messages.TimedOut, e.Reason)
		assert.Equal(s, "S1", e.Server.ID)
		assert.Equal(s, 1, count[messages.LeaseAtRisk](&s.events))
		s.server(1).Up()
	})
}

func TestRule16_AFeatureWithoutALeaseKeepsTheAgeOfItsLast(t *testing.T) {
	setup := func(s *stage) {
		clientTimeout(5 * time.Minute)(s)
		s.config.EnforceTimeout = true
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.untilBeaten(2)
		good := s.wire.Last(transporttest.Heartbeats)
		s.server(1).Forget()
		busy(s.server(1), messages.Busy, 10*time.Second)
		s.untilTold("Retrying f2 s1:1")
		lost := s.untilTold("Lost f2 s1:1 TimedOut")
		assert.Equal(s, 285*time.Second, lost.Sub(good.Sent), "it was never beaten again, though its connection was")
		s.server(1).ClearFaults()
	})
}

func TestRule16_AWallClockThatRunsAheadCounts(t *testing.T) {
	setup := func(s *stage) {
		clientTimeout(5 * time.Minute)(s)
		began := time.Now()
		s.config.wall = func() time.Time { return time.Now().Add(5 * time.Since(began) / 2) } // too slowly for a jump
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		good := s.wire.Last(transporttest.Heartbeats)
		s.server(1).Down()
		told := s.untilTold("AtRisk s1:1")
		assert.Less(s, told.Sub(good.Sent), 200*time.Second, "by the monotonic clock it would be 285 s")
		assert.GreaterOrEqual(s, last[messages.LeaseAtRisk](&s.events).Age, 285*time.Second)
		s.server(1).Up()
	})
}

func TestRule16_TheIntervalIsAtMostAThirdOfTheClientTimeout(t *testing.T) {
	var book logBook
	setup := func(s *stage) {
		clientTimeout(30 * time.Second)(s)
		s.logTo(&book)
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.checkout()
		s.untilBeaten(11)
		beats := s.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(s, 10*time.Second, beats[10].Sent.Sub(beats[0].Sent)/10, float64(time.Second))
		assert.Len(s, book.from(slog.LevelInfo, "shortened"), 1)
	})
}

func TestRule16_AttemptsThatOutlastTheClientTimeoutAreWarnedOfOnce(t *testing.T) {
	for attempts, warnings := range map[int]int{5: 0, 6: 1} {
		var book logBook
		setup := func(s *stage) {
			s.config.Heartbeat = Heartbeat{Attempts: attempts, Interval: time.Minute}
			s.logTo(&book)
		}
		onStage(t, 1, setup, func(s *stage) {
			s.checkout()
			s.checkout()
			s.untilBeaten(3)
			assert.Len(s, book.from(slog.LevelWarn, "before Attempts"), warnings, "%d x 1 min, 5 min", attempts)
		})
	}
}
