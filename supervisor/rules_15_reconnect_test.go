package supervisor

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// connectsSince returns the connects to s1:1 since then.
func (s *stage) connectsSince(begin time.Time) []wiretap.Record {
	var since []wiretap.Record
	for _, call := range s.wire.Calls(transporttest.Connects, "s1:1") {
		if !call.Sent.Before(begin) {
			since = append(since, call)
		}
	}
	return since
}

func TestRule15_ABrokenConnectionTriesToReconnectBetweenBeats(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		failed := s.untilLost(1)
		s.pass(15 * time.Minute)
		tries := s.connectsSince(failed)
		require.Greater(s, len(tries), 20)
		previous, longest := failed, time.Duration(0)
		for n, call := range tries {
			most := time.Duration(math.Min(30, math.Pow(1.6, float64(n))) * float64(time.Second))
			assert.LessOrEqual(s, call.Sent.Sub(previous), most, "pause before try %d", n)
			longest = max(longest, call.Sent.Sub(previous))
			previous = call.Sent
		}
		assert.Greater(s, longest, 10*time.Second)
		s.server(1).Up()
	})
}

func TestRule15_ThePauseIsNeverLongerThanHalfTheInterval(t *testing.T) {
	onStage(t, 1, beatingEvery(10*time.Second, 1000), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		previous := s.untilLost(1)
		s.pass(15 * time.Minute)
		for _, call := range s.connectsSince(previous) {
			assert.LessOrEqual(s, call.Sent.Sub(previous), 5*time.Second)
			previous = call.Sent
		}
		s.server(1).Up()
	})
}

func TestRule15_ATryFollowsAnotherWithoutAPauseOnlyForABeatThatIsDue(t *testing.T) {
	onStage(t, 1, attempts(20), func(s *stage) {
		s.checkout()
		s.server(1).BlackHole(true)
		begin := s.untilLost(1)
		s.untilTold("Lost(15) s1:1")
		beats := map[time.Time]bool{}
		for _, e := range s.events.all() {
			beats[e.at] = beats[e.at] || strings.HasPrefix(text(e.event), "Lost(")
		}
		tries := s.connectsSince(begin)
		for i := range tries[1:] {
			if tries[i+1].Sent.Equal(tries[i].Answer.Time) {
				assert.True(s, beats[tries[i+1].Answer.Time], "%s", tries[i+1])
			}
		}
		s.server(1).ClearFaults()
	})
}

func TestRule15_TriesDoNotCountAsFailedBeats(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		s.pass(15 * time.Minute)
		assert.Equal(s, 1, count[messages.ConnectionLost](&s.events))
		assert.Equal(s, 1, license.Status().Failed)
		s.server(1).Up()
	})
}

func TestRule15_ATryThatSucceedsRecoversTheFeaturesAtOnce(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		s.pass(2 * time.Minute)
		s.server(1).Up()
		up := time.Now()
		at := s.untilTold("Resumed f2 s1:1")
		assert.LessOrEqual(s, at.Sub(up), 30*time.Second)
		assert.Zero(s, license.Status().Failed)
	})
}

func TestRule15_TheBackOffBeginsAnewWithEachBreak(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		s.checkout()
		for range 3 {
			s.server(1).Down()
			failed := s.untilLost(1)
			s.pass(10 * time.Second)
			tries := s.connectsSince(failed)
			require.NotEmpty(s, tries)
			assert.LessOrEqual(s, tries[0].Sent.Sub(failed), time.Second)
			s.server(1).Up()
			s.untilTold("Resumed f2 s1:1")
		}
	})
}

func TestRule15_ConnectsOfManyClientsAreSpread(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		var first []time.Duration
		s.checkout()
		for range 20 {
			s.server(1).Down()
			failed := s.untilLost(1)
			s.pass(2 * time.Second)
			first = append(first, s.connectsSince(failed)[0].Sent.Sub(failed))
			s.server(1).Up()
			s.untilTold("Resumed f2 s1:1")
		}
		low := 0
		for _, pause := range first {
			if pause < time.Second/2 {
				low++
			}
		}
		assert.InDelta(s, 10, low, 9, "full jitter: %v", first)
	})
}

func TestRule15_ARetryAfterIsNotOverridden(t *testing.T) {
	onStage(t, 1, beatingEvery(20*time.Minute, 5), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		s.server(1).Up()
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Draining, RetryAfter: 90 * time.Second}, transporttest.Connects)
		begin := time.Now()
		s.pass(10 * time.Minute)
		tries := s.connectsSince(begin)
		require.Greater(s, len(tries), 3)
		for i := range tries[1:] {
			assert.GreaterOrEqual(s, tries[i+1].Sent.Sub(tries[i].Sent), 90*time.Second)
		}
		s.server(1).ClearFaults()
	})
}
