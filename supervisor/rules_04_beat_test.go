package supervisor

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// beatingEvery sets the interval of heartbeats, and client timeouts so long that they do not shorten it.
func beatingEvery(interval time.Duration, attempts int) func(*harness) {
	return func(h *harness) {
		h.config.Heartbeat = Heartbeat{Attempts: attempts, Interval: interval}
		for _, server := range h.servers {
			server.SetClientTimeout(max(transporttest.DefaultClientTimeout, 1000*interval))
		}
	}
}

func TestRule4_ABeatIsDueEveryInterval(t *testing.T) {
	withHarness(t, 1, beatingEvery(time.Minute, 5), func(h *harness) {
		h.checkout()
		h.untilHeartbeats(50)
		beats := h.wire.Answered(transporttest.Heartbeats)
		assert.LessOrEqual(h, beats[0].Sent.Sub(h.began), time.Minute, "the first beat has a random phase")
		for i := range beats[1:] {
			assert.InDelta(h, time.Minute, beats[i+1].Sent.Sub(beats[i].Sent), float64(6*time.Second))
		}
	})
}

func TestRule4_ABeatNamesEveryLeaseOfItsConnection(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.checkout()
		h.checkoutOf(messages.Checkout{Feature: "f3", Count: 3})
		h.untilHeartbeats(1)
		assert.Len(h, h.wire.Last(transporttest.Heartbeats).Leases, 3)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule4_ABeatThatIsNotAnsweredFailsAtItsDeadline(t *testing.T) {
	for interval, deadline := range map[time.Duration]time.Duration{
		40 * time.Second: 20 * time.Second, time.Minute: 30 * time.Second, 10 * time.Minute: 30 * time.Second,
	} {
		t.Run("rule 4: of "+interval.String(), func(t *testing.T) {
			withHarness(t, 1, beatingEvery(interval, 5), func(h *harness) {
				h.checkout()
				h.server(1).BlackHole(true, transporttest.Heartbeats)
				failed := h.untilEvent("Lost(1) s1:1")
				assert.Equal(h, deadline, failed.Sub(h.wire.Calls(transporttest.Heartbeats)[0].Sent))
				h.server(1).ClearFaults()
			})
		})
	}
}

func TestRule4_ABeatThatFindsNoServerFailsWhenTheConnectDoes(t *testing.T) {
	setup := func(h *harness) { h.config.ConnectTimeout = 7 * time.Second }
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).BlackHole(true)
		h.untilEvent("Lost(1) s1:1")
		failed := h.untilEvent("Lost(2) s1:1")
		connects := h.wire.Calls(transporttest.Connects) // the latest may be a later attempt: the pause has full jitter
		assert.True(h, slices.ContainsFunc(connects, func(c wiretap.Record) bool { return c.Sent.Add(7 * time.Second).Equal(failed) }))
		h.server(1).ClearFaults()
	})
}

func TestRule4_BeatsNeverOverlap(t *testing.T) { // wiretap.Invariants reports those that do
	withHarness(t, 1, beatingEvery(time.Minute, 5), func(h *harness) {
		license := h.checkout()
		h.server(1).DelayReplies(29*time.Second, transporttest.Heartbeats)
		for range 40 {
			ctx := h.within(11 * time.Second)
			_ = license.Heartbeat(ctx)
			h.pass(3 * time.Second)
		}
		assert.Greater(h, len(h.wire.Calls(transporttest.Heartbeats)), 10)
		assert.Zero(h, count[messages.ConnectionLost](&h.events))
	})
}

func TestRule4_AConnectionWithoutALeaseBeatsWithAnEmptyChunkWhileItTakes(t *testing.T) {
	withHarness(t, 1, beatingEvery(time.Minute, 5), func(h *harness) {
		license := h.checkout()
		h.server(1).Forget()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Hour}, transporttest.Checkouts)
		h.untilEvent("Retrying f2 s1:1")
		h.untilHeartbeats(5)
		assert.Equal(h, messages.StateRetaking, license.Status().State)
		for _, beat := range h.wire.Answered(transporttest.Heartbeats)[1:] {
			assert.Empty(h, beat.Leases)
		}
		h.server(1).ClearFaults()
	})
}

func TestRule4_AConnectionWithoutLicensesDoesNotBeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		require.NoError(h, license.Checkin(h.Context()))
		h.pass(time.Hour)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 1)
		h.checkout()
		h.untilHeartbeats(1)
	})
}

func TestRule4_ABeatFailsUnlessEveryChunkIsAnswered(t *testing.T) {
	t.Parallel()
	const second = 10 // leases in the second chunk
	setup := func(h *harness) {
		h.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
		h.config.EnforceTimeout = true
		h.server(1).SetSeats("f2", 10_000)
		h.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
			if c.Kind == transporttest.Heartbeats && len(c.Leases) < transport.MaxLeases {
				r.Err = transporttest.ErrReplyLost
			}
		})
	}
	withHarness(t, 1, setup, func(h *harness) {
		for range transport.MaxLeases + second {
			h.checkout()
		}
		assert.True(h, h.untilEvent("Lost(1) s1:1").After(h.began))
		assert.Equal(h, transport.MaxLeases+second, last[messages.ConnectionLost](&h.events).Features)
		h.pass(20 * time.Minute)
		assert.Equal(h, second, count[messages.LicenseLost](&h.events), "an answered chunk renews its own leases")
		h.server(1).Tamper(nil)
	})
}

func TestRule4_ABeatWithARetryAfterHasNotFailed(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 20 * time.Second}, transporttest.Heartbeats)
		h.until("a refused beat", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 2 })
		refused := h.wire.Last(transporttest.Heartbeats)
		h.server(1).ClearFaults()
		h.untilHeartbeats(1)
		assert.Equal(h, 20*time.Second, h.wire.Last(transporttest.Heartbeats).Sent.Sub(refused.Sent))
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
	})
}

func TestRule4_ABeatWithARetryAfterUntilTheLeaseIsAtRiskHasFailed(t *testing.T) {
	setup := func(h *harness) {
		h.server(1).SetClientTimeout(3 * time.Minute) // beats every minute; at risk at 2m50s
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 50 * time.Second}, transporttest.Heartbeats)
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.untilEvent("Lost(1) s1:1")
		failed := h.wire.Last(transporttest.Heartbeats)
		assert.Greater(h, failed.Sent.Sub(h.began)+50*time.Second, 2*time.Minute+50*time.Second)
		assert.Greater(h, len(h.wire.Calls(transporttest.Heartbeats)), 1, "the retry-after was honoured as long as it fitted")
		h.server(1).ClearFaults()
	})
}

func TestRule4_ABeatRefusedForGoodHasFailedThoughTheServerIsReached(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Denied, Message: "not you"}, transporttest.Heartbeats)
		for _, want := range []string{"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Lost(4) s1:1", "Lost(5) s1:1", "Lost(6) s1:1", "Lost(7) s1:1"} {
			h.untilEvent(want)
		}
		assert.Contains(h, last[messages.ConnectionLost](&h.events).Cause, "not you")
		assert.Equal(h, messages.StateFailingOver, license.Status().State, "the server was reached, so nothing exits")
		h.server(1).ClearFaults()
	})
}

func TestRule4_BeatsThatWeCancelledAreNotCounted(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).BlackHole(true, transporttest.Heartbeats)
		h.until("a beat under way", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 1 })
		h.close()
		h.pass(time.Minute)
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, h.events.texts())
	})
}

func TestRule4_AFailedBeatIsPublishedOncePerConnection(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		for range 3 {
			h.checkout()
		}
		h.untilHeartbeats(1)
		h.server(1).Down()
		h.untilEvent("Lost(1) s1:1")
		h.untilEvent("Lost(2) s1:1")
		assert.Equal(h, 2, count[messages.ConnectionLost](&h.events))
		e := last[messages.ConnectionLost](&h.events)
		assert.Equal(h, messages.Server{ID: "S1", Address: "s1:1"}, e.Server)
		assert.Equal(h, 3, e.Features)
		assert.Contains(h, e.Cause, "unreachable")
	})
}

func TestRule4_AnAnswerOtherThanARefusalEndsTheFailedCount(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
		h.untilEvent("Lost(2) s1:1")
		require.Equal(h, 2, license.Status().Failed)
		h.checkout()
		assert.Zero(h, license.Status().Failed)
		h.untilEvent("Lost(1) s1:1")
		h.server(1).ClearFaults()
	})
}
