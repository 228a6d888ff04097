package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// attempts sets an interval of a minute and n attempts.
func attempts(n int) func(*harness) {
	return func(h *harness) { h.config.Heartbeat = Heartbeat{Attempts: n, Interval: time.Minute} }
}

// rounds is attempts with this many rounds until features give up.
func rounds(n, rounds int) func(*harness) {
	return func(h *harness) {
		h.config.Heartbeat = Heartbeat{Attempts: n, Interval: time.Minute, FailoverRounds: rounds}
	}
}

// refuseBeats makes the first server refuse heartbeats: it is reached, but the heartbeats fail.
func (h *harness) refuseBeats() {
	h.server(1).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
}

func TestRule6_TheRoundBeginsAtOnceWhenAttemptsAreUsedUp(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		failed := h.untilLost(5)
		moved := h.untilEvent("FailedOver f2 s1:1>s2:1")
		assert.Equal(h, failed, moved)
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Equal(h, messages.Server{ID: "S2", Address: "s2:1"}, license.Status().Server)
	})
}

func TestRule6_AFailoverIsPublishedAsAPairAndFailedOver(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilEvent("CheckedOut f2 s1:1")
		h.untilEvent("Lost(1) s1:1")
		assert.Equal(h, []string{"Retrying f2 s2:1", "Succeeded f2 s2:1", "FailedOver f2 s1:1>s2:1"}, h.events.texts())
	})
}

func TestRule6_ARoundAsksInSearchOrderAndTheOriginLast(t *testing.T) {
	withHarness(t, 4, attempts(2), func(h *harness) {
		h.server(1).SetSeats("f2", 0)
		h.checkout() // from s2:1
		for _, n := range []int{3, 4} {
			h.server(n).SetSeats("f2", 0)
		}
		h.server(2).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
		h.untilEvent("Lost(2) s2:1")
		var asked []messages.Address
		for _, call := range h.wire.All()[2:] {
			if call.Kind == transporttest.Checkouts || call.Kind == transporttest.Heartbeats {
				asked = append(asked, call.Address)
			}
		}
		round := []messages.Address{"s1:1", "s3:1", "s4:1", "s2:1"}
		require.GreaterOrEqual(h, len(asked), 4)
		assert.Equal(h, round, asked[len(asked)-4:])
	})
}

func TestRule6_TheOriginIsAskedByABeatWhileALeaseMayBeLeft(t *testing.T) {
	withHarness(t, 2, rounds(2, 3), func(h *harness) {
		h.checkout()
		h.server(2).SetSeats("f2", 0)
		h.refuseBeats()
		h.untilEvent("Failed f2 s2:1 NoSeats")
		h.untilEvent("Failed f2 s2:1 NoSeats")
		assert.Len(h, h.wire.Calls(transporttest.Checkouts, "s1:1"), 1, "no seat is taken beside the lease")
		h.server(1).ClearFaults()
	})
}

func TestRule6_TheBeatOfARoundResumesTheLease(t *testing.T) {
	setup := func(h *harness) {
		attempts(2)(h)
		h.config.ConnectTimeout = 5 * time.Second
	}
	withHarness(t, 2, setup, func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).BlackHole(true)
		h.untilLost(2)
		h.server(1).Up() // while s2:1 is being asked
		h.untilEvent("Resumed f2 s1:1")
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Len(h, h.wire.Calls(transporttest.Checkouts), 1)
		h.server(2).ClearFaults()
	})
}

func TestRule6_TheOriginIsAskedForSeatsWhenNoLeaseIsLeft(t *testing.T) {
	withHarness(t, 2, rounds(2, 3), func(h *harness) {
		license := h.checkout()
		h.server(2).SetSeats("f2", 0)
		h.server(1).Forget()
		h.server(1).BlackHole(true, transporttest.Checkouts)
		h.untilEvent("Retrying f2 s1:1")
		h.refuseBeats()
		h.untilEvent("Failed f2 s1:1 Unanswered")
		require.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(1).BlackHole(false, transporttest.Checkouts)
		h.untilEvent("Retrying f2 s1:1")
		h.untilEvent("Succeeded f2 s1:1")
		assert.Equal(h, messages.StateHeld, license.Status().State)
		assert.Zero(h, count[messages.FailedOver](&h.events), "it is the same server")
		assert.Equal(h, 1, h.mostHeld("s1:1"))
		h.server(1).ClearFaults()
	})
}

func TestRule6_EveryFeatureOfTheConnectionFailsOver(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		for range 5 {
			h.checkout()
		}
		h.server(1).Down()
		h.untilEvent("Lost(1) s1:1")
		h.pass(time.Second)
		assert.Equal(h, 5, count[messages.FailedOver](&h.events))
		assert.Equal(h, 5, h.server(2).Held("f2"))
		h.server(1).Up()
	})
}
