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

// connectsSince returns the connects to s1:1 that were sent since begin.
func (h *harness) connectsSince(begin time.Time) []wiretap.Record {
	var since []wiretap.Record
	for _, call := range h.wire.Calls(transporttest.Connects, "s1:1") {
		if !call.Sent.Before(begin) {
			since = append(since, call)
		}
	}
	return since
}

func TestRule15_ABrokenConnectionTriesToReconnectBetweenBeats(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		failed := h.untilLost(1)
		h.pass(15 * time.Minute)
		tries := h.connectsSince(failed)
		require.Greater(h, len(tries), 20)
		previous, longest := failed, time.Duration(0)
		for n, call := range tries {
			most := time.Duration(math.Min(30, math.Pow(1.6, float64(n))) * float64(time.Second))
			assert.LessOrEqual(h, call.Sent.Sub(previous), most, "pause before try %d", n)
			longest = max(longest, call.Sent.Sub(previous))
			previous = call.Sent
		}
		assert.Greater(h, longest, 10*time.Second)
		h.server(1).Up()
	})
}

func TestRule15_ThePauseIsNeverLongerThanHalfTheInterval(t *testing.T) {
	withHarness(t, 1, beatingEvery(10*time.Second, 1000), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		previous := h.untilLost(1)
		h.pass(15 * time.Minute)
		for _, call := range h.connectsSince(previous) {
			assert.LessOrEqual(h, call.Sent.Sub(previous), 5*time.Second)
			previous = call.Sent
		}
		h.server(1).Up()
	})
}

func TestRule15_ATryFollowsAnotherWithoutAPauseOnlyForABeatThatIsDue(t *testing.T) {
	withHarness(t, 1, attempts(20), func(h *harness) {
		h.checkout()
		h.server(1).BlackHole(true)
		begin := h.untilLost(1)
		h.untilEvent("Lost(15) s1:1")
		beats := map[time.Time]bool{}
		for _, e := range h.events.all() {
			beats[e.at] = beats[e.at] || strings.HasPrefix(text(e.event), "Lost(")
		}
		tries := h.connectsSince(begin)
		for i := range tries[1:] {
			if tries[i+1].Sent.Equal(tries[i].Answer.Time) {
				assert.True(h, beats[tries[i+1].Answer.Time], "%s", tries[i+1])
			}
		}
		h.server(1).ClearFaults()
	})
}

func TestRule15_TriesDoNotCountAsFailedBeats(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		h.pass(15 * time.Minute)
		assert.Equal(h, 1, count[messages.ConnectionLost](&h.events))
		assert.Equal(h, 1, license.Status().Failed)
		h.server(1).Up()
	})
}

func TestRule15_ATryThatSucceedsRecoversTheFeaturesAtOnce(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		h.pass(2 * time.Minute)
		h.server(1).Up()
		up := time.Now()
		at := h.untilEvent("Resumed f2 s1:1")
		assert.LessOrEqual(h, at.Sub(up), 30*time.Second)
		assert.Zero(h, license.Status().Failed)
	})
}

func TestRule15_TheBackOffStartsAgainWithEachBreak(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		h.checkout()
		for range 3 {
			h.server(1).Down()
			failed := h.untilLost(1)
			h.pass(10 * time.Second)
			tries := h.connectsSince(failed)
			require.NotEmpty(h, tries)
			assert.LessOrEqual(h, tries[0].Sent.Sub(failed), time.Second)
			h.server(1).Up()
			h.untilEvent("Resumed f2 s1:1")
		}
	})
}

func TestRule15_ConnectsOfManyClientsAreSpread(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		var first []time.Duration
		h.checkout()
		for range 20 {
			h.server(1).Down()
			failed := h.untilLost(1)
			h.pass(2 * time.Second)
			first = append(first, h.connectsSince(failed)[0].Sent.Sub(failed))
			h.server(1).Up()
			h.untilEvent("Resumed f2 s1:1")
		}
		low := 0
		for _, pause := range first {
			if pause < time.Second/2 {
				low++
			}
		}
		assert.InDelta(h, 10, low, 9, "full jitter: %v", first)
	})
}

func TestRule15_ARetryAfterIsNotOverridden(t *testing.T) {
	withHarness(t, 1, beatingEvery(20*time.Minute, 5), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		h.server(1).Up()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Draining, RetryAfter: 90 * time.Second}, transporttest.Connects)
		begin := time.Now()
		h.pass(10 * time.Minute)
		tries := h.connectsSince(begin)
		require.Greater(h, len(tries), 3)
		for i := range tries[1:] {
			assert.GreaterOrEqual(h, tries[i+1].Sent.Sub(tries[i].Sent), 90*time.Second)
		}
		h.server(1).ClearFaults()
	})
}
