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

// beatingEvery makes heartbeats of that interval, which the servers' client timeout leaves alone.
func beatingEvery(interval time.Duration, attempts int) func(*stage) {
	return func(s *stage) {
		s.config.Heartbeat = Heartbeat{Attempts: attempts, Interval: interval}
		for _, server := range s.servers {
			server.SetClientTimeout(max(transporttest.DefaultClientTimeout, 1000*interval))
		}
	}
}

func TestRule4_ABeatIsDueEveryInterval(t *testing.T) {
	onStage(t, 1, beatingEvery(time.Minute, 5), func(s *stage) {
		s.checkout()
		s.untilBeaten(50)
		beats := s.wire.Answered(transporttest.Heartbeats)
		assert.LessOrEqual(s, beats[0].Sent.Sub(s.began), time.Minute, "the first beat has a random phase")
		for i := range beats[1:] {
			assert.InDelta(s, time.Minute, beats[i+1].Sent.Sub(beats[i].Sent), float64(6*time.Second))
		}
	})
}

func TestRule4_ABeatNamesEveryLeaseOfItsConnection(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.checkout()
		s.checkoutOf(messages.Checkout{Feature: "f3", Count: 3})
		s.untilBeaten(1)
		assert.Len(s, s.wire.Last(transporttest.Heartbeats).Leases, 3)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule4_ABeatThatIsNotAnsweredFailsAtItsDeadline(t *testing.T) {
	for interval, deadline := range map[time.Duration]time.Duration{
		40 * time.Second: 20 * time.Second, time.Minute: 30 * time.Second, 10 * time.Minute: 30 * time.Second,
	} {
		t.Run("rule 4: of "+interval.String(), func(t *testing.T) {
			onStage(t, 1, beatingEvery(interval, 5), func(s *stage) {
				s.checkout()
				s.server(1).BlackHole(true, transporttest.Heartbeats)
				failed := s.untilTold("Lost(1) s1:1")
				assert.Equal(s, deadline, failed.Sub(s.wire.Calls(transporttest.Heartbeats)[0].Sent))
				s.server(1).ClearFaults()
			})
		})
	}
}

func TestRule4_ABeatThatFindsNoServerFailsWhenTheConnectDoes(t *testing.T) {
	setup := func(s *stage) { s.config.ConnectTimeout = 7 * time.Second }
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).BlackHole(true)
		s.untilTold("Lost(1) s1:1")
		failed := s.untilTold("Lost(2) s1:1")
		connects := s.wire.Calls(transporttest.Connects) // the latest may be a try after it: the pause has full jitter
		assert.True(s, slices.ContainsFunc(connects, func(c wiretap.Record) bool { return c.Sent.Add(7 * time.Second).Equal(failed) }))
		s.server(1).ClearFaults()
	})
}

func TestRule4_BeatsNeverOverlap(t *testing.T) { // checkHistory looks at every pair of beats
	onStage(t, 1, beatingEvery(time.Minute, 5), func(s *stage) {
		license := s.checkout()
		s.server(1).DelayReplies(29*time.Second, transporttest.Heartbeats)
		for range 40 {
			ctx := s.within(11 * time.Second)
			_ = license.Heartbeat(ctx)
			s.pass(3 * time.Second)
		}
		assert.Greater(s, len(s.wire.Calls(transporttest.Heartbeats)), 10)
		assert.Zero(s, count[messages.ConnectionLost](&s.events))
	})
}

func TestRule4_AConnectionWithoutALeaseBeatsWithAnEmptyChunkWhileItTakes(t *testing.T) {
	onStage(t, 1, beatingEvery(time.Minute, 5), func(s *stage) {
		license := s.checkout()
		s.server(1).Forget()
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Hour}, transporttest.Checkouts)
		s.untilTold("Retrying f2 s1:1")
		s.untilBeaten(5)
		assert.Equal(s, messages.StateRetaking, license.Status().State)
		for _, beat := range s.wire.Answered(transporttest.Heartbeats)[1:] {
			assert.Empty(s, beat.Leases)
		}
		s.server(1).ClearFaults()
	})
}

func TestRule4_AConnectionWithoutLicensesDoesNotBeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		require.NoError(s, license.Checkin(s.Context()))
		s.pass(time.Hour)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 1)
		s.checkout()
		s.untilBeaten(1)
	})
}

func TestRule4_ABeatFailsUnlessEveryChunkIsAnswered(t *testing.T) {
	const second = 10 // leases in the second chunk
	setup := func(s *stage) {
		s.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
		s.config.EnforceTimeout = true
		s.server(1).SetSeats("f2", 10_000)
		s.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
			if c.Kind == transporttest.Heartbeats && len(c.Leases) < transport.MaxLeases {
				r.Err = transporttest.ErrReplyLost
			}
		})
	}
	onStage(t, 1, setup, func(s *stage) {
		for range transport.MaxLeases + second {
			s.checkout()
		}
		assert.True(s, s.untilTold("Lost(1) s1:1").After(s.began))
		assert.Equal(s, transport.MaxLeases+second, last[messages.ConnectionLost](&s.events).Features)
		s.pass(20 * time.Minute)
		assert.Equal(s, second, count[messages.LicenseLost](&s.events), "an answered chunk renews its own leases")
		s.server(1).Tamper(nil)
	})
}

func TestRule4_ABeatPutOffByTheServerHasNotFailed(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 20 * time.Second}, transporttest.Heartbeats)
		s.until("a refused beat", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 2 })
		refused := s.wire.Last(transporttest.Heartbeats)
		s.server(1).ClearFaults()
		s.untilBeaten(1)
		assert.Equal(s, 20*time.Second, s.wire.Last(transporttest.Heartbeats).Sent.Sub(refused.Sent))
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
	})
}

func TestRule4_ABeatPutOffUntilTheLeaseIsAtRiskHasFailed(t *testing.T) {
	setup := func(s *stage) {
		s.server(1).SetClientTimeout(3 * time.Minute) // beats every minute; at risk at 2m50s
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 50 * time.Second}, transporttest.Heartbeats)
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.untilTold("Lost(1) s1:1")
		failed := s.wire.Last(transporttest.Heartbeats)
		assert.Greater(s, failed.Sent.Sub(s.began)+50*time.Second, 2*time.Minute+50*time.Second)
		assert.Greater(s, len(s.wire.Calls(transporttest.Heartbeats)), 1, "put off as long as it fitted")
		s.server(1).ClearFaults()
	})
}

func TestRule4_ABeatRefusedForGoodHasFailedThoughTheServerIsReached(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Denied, Message: "not you"}, transporttest.Heartbeats)
		for _, want := range []string{"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Lost(4) s1:1", "Lost(5) s1:1", "Lost(6) s1:1", "Lost(7) s1:1"} {
			s.untilTold(want)
		}
		assert.Contains(s, last[messages.ConnectionLost](&s.events).Cause, "not you")
		assert.Equal(s, messages.StateFailingOver, license.Status().State, "reached, so nothing exits")
		s.server(1).ClearFaults()
	})
}

func TestRule4_WhatWeCancelledOurselvesDoesNotCount(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.server(1).BlackHole(true, transporttest.Heartbeats)
		s.until("a beat under way", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 1 })
		s.close()
		s.pass(time.Minute)
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, s.events.texts())
	})
}

func TestRule4_AFailedBeatIsToldOncePerConnection(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		for range 3 {
			s.checkout()
		}
		s.untilBeaten(1)
		s.server(1).Down()
		s.untilTold("Lost(1) s1:1")
		s.untilTold("Lost(2) s1:1")
		assert.Equal(s, 2, count[messages.ConnectionLost](&s.events))
		e := last[messages.ConnectionLost](&s.events)
		assert.Equal(s, messages.Server{ID: "S1", Address: "s1:1"}, e.Server)
		assert.Equal(s, 3, e.Features)
		assert.Contains(s, e.Cause, "unreachable")
	})
}

func TestRule4_AnAnswerOtherThanARefusalEndsTheFailedCount(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
		s.untilTold("Lost(2) s1:1")
		require.Equal(s, 2, license.Status().Failed)
		s.checkout()
		assert.Zero(s, license.Status().Failed)
		s.untilTold("Lost(1) s1:1")
		s.server(1).ClearFaults()
	})
}
