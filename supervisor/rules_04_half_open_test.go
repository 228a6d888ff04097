package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule4_AHalfOpenSessionDoesNotFailACheckout(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		require.NoError(h, h.checkout().Checkin(h.Context()))
		h.server(1).HalfOpen()
		began := time.Now()
		h.checkout()
		assert.Less(h, time.Since(began), 5*time.Second)
		requests := map[messages.RequestID]bool{}
		calls := h.wire.Calls(transporttest.Checkouts)
		for _, c := range calls[1:] {
			requests[c.Takes[0].Request] = true
		}
		assert.Len(h, requests, 1, "the same request is sent again")
		assert.Len(h, calls, 3)
	})
}

// An automatic heartbeat has all of its time, since the server may only be slow: it fails once, and the next connect mends it.
func TestRule4_AHalfOpenSessionFailsOneHeartbeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).HalfOpen()
		h.pass(4 * time.Minute)
		assert.Equal(h, 1, count[messages.ConnectionLost](&h.events))
		assert.Zero(h, h.rt.Status().Connections[0].Failed)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule2_AHalfOpenSessionDoesNotFailAHeartbeatByHand(t *testing.T) {
	withHarness(t, 1, func(h *harness) { h.config.Heartbeat = Heartbeat{} }, func(h *harness) {
		license := h.checkout()
		h.server(1).HalfOpen()
		began := time.Now()
		require.NoError(h, license.Heartbeat(context.Background()))
		assert.Less(h, time.Since(began), 15*time.Second)
	})
}

// A checkout that a slow server answers within ConnectTimeout succeeds, though the runtime doubts the session meanwhile.
func TestRule4_ASlowServerIsNotAHalfOpenSession(t *testing.T) {
	for _, faults := range []func(*transporttest.Server){
		func(s *transporttest.Server) { s.Delay(4 * time.Second) },
		func(s *transporttest.Server) { s.Delay(3*time.Second, transporttest.Checkouts) },
		func(s *transporttest.Server) { s.DelayReplies(4*time.Second, transporttest.Checkouts) },
	} {
		withHarness(t, 1, nil, func(h *harness) {
			h.checkout()
			faults(h.server(1))
			h.checkout()
			h.pass(10 * time.Minute)
			h.assertNeverLost()
			assert.Equal(h, 2, h.server(1).Held("f2"))
		})
	}
}

func TestRule21_ACheckoutThatJoinsAConnectHasAllOfItsTime(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).BlackHole(true, transporttest.Connects)
		go func() { _, _ = h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"}) }()
		h.pass(4800 * time.Millisecond)
		go func() { time.Sleep(100 * time.Millisecond); h.server(1).ClearFaults() }()
		h.checkout() // joins the connect, which has 0.2 seconds left
	})
}

func TestRule4_AShortHeartbeatDeadlineDoesNotShortenAConnect(t *testing.T) {
	withHarness(t, 1, beatingEvery(time.Second, 1000), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilEvent("Lost(1) s1:1")
		h.server(1).Up()
		h.server(1).Delay(1200*time.Millisecond, transporttest.Connects) // a heartbeat has 0.5 seconds
		h.pass(10 * time.Second)
		assert.Zero(h, h.rt.Status().Connections[0].Failed, "the runtime is connected again")
	})
}
