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
	t.Parallel()
	const clients = 80
	withHarness(t, 1, beatingEvery(time.Minute, 5), func(h *harness) {
		h.server(1).SetSeats("f2", clients)
		for range clients {
			rt, err := Start(h.Context(), h.config)
			require.NoError(h, err)
			defer func() { _ = rt.Close(h.Context()) }()
			_, err = rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
			require.NoError(h, err)
		}
		h.pass(time.Minute)
		var quarters [4]int
		for _, beat := range h.wire.Calls(transporttest.Heartbeats)[:clients] {
			quarters[min(3, int(beat.Sent.Sub(h.began)/(15*time.Second)))]++
		}
		for _, n := range quarters {
			assert.InDelta(h, clients/4, n, clients/4-2, "%v", quarters)
		}
	})
}

func TestRule18_IntervalsAreJitteredByUpToATenth(t *testing.T) {
	withHarness(t, 1, beatingEvery(100*time.Second, 5), func(h *harness) {
		h.checkout()
		h.untilHeartbeats(101)
		beats := h.wire.Answered(transporttest.Heartbeats)
		shortest, longest := time.Hour, time.Duration(0)
		for i := range beats[1:] {
			gap := beats[i+1].Sent.Sub(beats[i].Sent)
			shortest, longest = min(shortest, gap), max(longest, gap)
		}
		assert.GreaterOrEqual(h, shortest, 90*time.Second)
		assert.LessOrEqual(h, longest, 110*time.Second)
		assert.Less(h, shortest, 95*time.Second)
		assert.Greater(h, longest, 105*time.Second)
	})
}

// hint adds a "next beat not before" to every answer to a heartbeat.
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
			withHarness(t, 1, nil, func(h *harness) {
				hint(h.server(1), asked)
				h.checkout()
				h.untilHeartbeats(6)
				beats := h.wire.Answered(transporttest.Heartbeats)
				for i := range beats[1:] {
					assert.Equal(h, waits, beats[i+1].Sent.Sub(beats[i].Sent))
				}
			})
		})
	}
}

func TestRule18_ANotBeforeThatIsOverAnywayChangesNothing(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		hint(h.server(1), time.Second)
		h.checkout()
		h.untilHeartbeats(6)
		beats := h.wire.Answered(transporttest.Heartbeats)
		assert.InDelta(h, time.Minute, beats[5].Sent.Sub(beats[0].Sent)/5, float64(6*time.Second))
	})
}

func TestRule18_ARetryAfterIsHonouredUpToAThirdOfTheClientTimeout(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.retake(messages.Checkout{Feature: "f2"},
			func(server *transporttest.Server) { busy(server, messages.Busy, time.Hour) })
		h.pass(5 * time.Minute)
		takes := h.wire.Calls(transporttest.Checkouts)[1:]
		require.Len(h, takes, 4)
		for i := range takes[1:] {
			assert.Equal(h, 100*time.Second, takes[i+1].Sent.Sub(takes[i].Sent))
		}
		h.server(1).ClearFaults()
	})
}

func TestRule18_ReconnectTriesDoNotOverrideARetryAfter(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 80 * time.Second}, transporttest.Heartbeats)
		h.until("a refusal", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 2 })
		connects := len(h.wire.Calls(transporttest.Connects))
		h.pass(79 * time.Second)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 2)
		assert.Len(h, h.wire.Calls(transporttest.Connects), connects)
		h.pass(time.Second)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 3)
		h.server(1).ClearFaults()
	})
}

func TestRule18_AHeartbeatCallDoesNotOverrideARetryAfter(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 80 * time.Second}, transporttest.Heartbeats)
		h.until("a refusal", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 2 })
		h.server(1).ClearFaults()
		assert.ErrorIs(h, license.Heartbeat(h.within(10*time.Second)), context.DeadlineExceeded)
		assert.Len(h, h.wire.Calls(transporttest.Heartbeats), 2)
	})
}
