package supervisor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// cutABeat has a heartbeat under way when a checkout on the same session loses its reply, so that the runtime closes the
// session.
func cutABeat(h *harness) {
	h.checkout()
	h.server(1).Delay(4*time.Second, transporttest.Heartbeats)
	sent := len(h.wire.Calls(transporttest.Heartbeats))
	h.until("a heartbeat is under way", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) > sent })
	h.server(1).DropReplies(1, transporttest.Checkouts)
	_, err := h.rt.Checkout(h.within(time.Second), messages.Checkout{Feature: "f3"})
	require.Error(h, err)
}

func (h *harness) assertNeverLost() {
	h.Helper()
	for _, e := range h.events.all() {
		if lost, ok := e.event.(messages.ConnectionLost); ok {
			h.Errorf("a heartbeat counts as failed that the runtime cut short itself: %+v", lost)
		}
	}
}

func TestRule4_ABeatThatWeCutShortDoesNotCount(t *testing.T) {
	for _, interval := range []time.Duration{time.Minute, 10 * time.Second} {
		t.Run(interval.String(), func(t *testing.T) {
			withHarness(t, 1, beatingEvery(interval, 5), func(h *harness) {
				cutABeat(h)
				h.pass(20 * time.Second)
				h.assertNeverLost()
			})
		})
	}
}

func TestRule4_ABeatThatWeCutShortOutlivesALostConnectReply(t *testing.T) {
	withHarness(t, 1, func(h *harness) {
		h.config.Heartbeat = Heartbeat{Attempts: 1, Interval: time.Minute}
	}, func(h *harness) {
		h.checkout()
		h.server(1).Delay(4*time.Second, transporttest.Heartbeats)
		sent := len(h.wire.Calls(transporttest.Heartbeats))
		h.until("a heartbeat is under way", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) > sent })
		h.server(1).DropReplies(2, transporttest.Checkouts, transporttest.Connects)
		_, err := h.rt.Checkout(h.within(time.Second), messages.Checkout{Feature: "f3"})
		require.Error(h, err)
		h.pass(30 * time.Second)
		h.assertNeverLost()
	})
}

func TestRule4_ACheckoutThatWeCutShortIsSentAgainWithItsRequest(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).Delay(4*time.Second, transporttest.Checkouts)
		first := make(chan error, 1)
		go func() {
			_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
			first <- err
		}()
		h.pass(100 * time.Millisecond)
		h.server(1).ClearFaults()
		h.server(1).DropReplies(1, transporttest.Checkouts)
		_, err := h.rt.Checkout(h.within(time.Second), messages.Checkout{Feature: "f3"})
		require.Error(h, err)
		synctest.Wait()
		require.NoError(h, <-first)
		requests := map[messages.RequestID]int{}
		for _, c := range h.wire.Calls(transporttest.Checkouts) {
			for _, take := range c.Takes {
				if take.Feature == "f2" {
					requests[take.Request]++
				}
			}
		}
		assert.Len(h, requests, 2, "two checkouts, one request each")
		h.pass(10 * time.Second)
		assert.Equal(h, 2, h.server(1).Held("f2"))
	})
}
