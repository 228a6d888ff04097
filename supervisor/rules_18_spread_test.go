package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule18_FirstBeatsOfManyClientsAreSpreadOverTheInterval(t *testing.T) {
	const clients = 80
	onStage(t, 1, beatingEvery(time.Minute, 5), func(s *stage) {
		s.server(1).SetSeats("f2", clients)
		for range clients {
			rt, err := Start(s.Context(), s.config)
			require.NoError(s, err)
			defer func() { _ = rt.Close(s.Context()) }()
			_, err = rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
			require.NoError(s, err)
		}
		s.pass(time.Minute)
		var quarters [4]int
		for _, beat := range s.wire.Calls(transporttest.Heartbeats)[:clients] {
			quarters[min(3, int(beat.Sent.Sub(s.began)/(15*time.Second)))]++
		}
		for _, n := range quarters {
			assert.InDelta(s, clients/4, n, clients/4-2, "%v", quarters)
		}
	})
}

func TestRule18_IntervalsStrayByUpToATenth(t *testing.T) {
	onStage(t, 1, beatingEvery(100*time.Second, 5), func(s *stage) {
		s.checkout()
		s.untilBeaten(101)
		beats := s.wire.Answered(transporttest.Heartbeats)
		shortest, longest := time.Hour, time.Duration(0)
		for i := range beats[1:] {
			gap := beats[i+1].Sent.Sub(beats[i].Sent)
			shortest, longest = min(shortest, gap), max(longest, gap)
		}
		assert.GreaterOrEqual(s, shortest, 90*time.Second)
		assert.LessOrEqual(s, longest, 110*time.Second)
		assert.Less(s, shortest, 95*time.Second)
		assert.Greater(s, longest, 105*time.Second)
	})
}

// hint makes every beat answered with a "next beat not before".
func hint(server *transporttest.Server, notBefore time.Duration) {
	server.Tamper(func(c transporttest.Call, r *transporttest.Reply) {
		if c.Kind == transporttest.Heartbeats {
			r.NotBefore = notBefore
		}
	})
}

func TestRule18_TheNextBeatWaitsForTheServersNotBefore(t *testing.T) {
	for asked, waits := range map[time.Duration]time.Duration{
		90 * time.Second: 90 * time.Second, 10 * time.Minute: 100 * time.Second, // a third of 5 min
	} {
		t.Run("rule 18: "+asked.String(), func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				hint(s.server(1), asked)
				s.checkout()
				s.untilBeaten(6)
				beats := s.wire.Answered(transporttest.Heartbeats)
				for i := range beats[1:] {
					assert.Equal(s, waits, beats[i+1].Sent.Sub(beats[i].Sent))
				}
			})
		})
	}
}

func TestRule18_ANotBeforeThatIsOverAnywayChangesNothing(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		hint(s.server(1), time.Second)
		s.checkout()
		s.untilBeaten(6)
		beats := s.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(s, time.Minute, beats[5].Sent.Sub(beats[0].Sent)/5, float64(6*time.Second))
	})
}

func TestRule18_ARetryAfterIsHonouredUpToAThirdOfTheClientTimeout(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.retake(messages.Checkout{Feature: "f2"},
			func(server *transporttest.Server) { busy(server, messages.Busy, time.Hour) })
		s.pass(5 * time.Minute)
		takes := s.wire.Calls(transporttest.Checkouts)[1:]
		require.Len(s, takes, 4)
		for i := range takes[1:] {
			assert.Equal(s, 100*time.Second, takes[i+1].Sent.Sub(takes[i].Sent))
		}
		s.server(1).ClearFaults()
	})
}

func TestRule18_ReconnectTriesDoNotOverrideARetryAfter(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 80 * time.Second}, transporttest.Heartbeats)
		s.until("a refusal", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 2 })
		connects := len(s.wire.Calls(transporttest.Connects))
		s.pass(79 * time.Second)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 2)
		assert.Len(s, s.wire.Calls(transporttest.Connects), connects)
		s.pass(time.Second)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 3)
		s.server(1).ClearFaults()
	})
}

func TestRule18_AHeartbeatCallDoesNotOverrideARetryAfter(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 80 * time.Second}, transporttest.Heartbeats)
		s.until("a refusal", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 2 })
		s.server(1).ClearFaults()
		assert.ErrorIs(s, license.Heartbeat(s.within(10*time.Second)), context.DeadlineExceeded)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 2)
	})
}
