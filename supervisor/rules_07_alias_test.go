package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// twoNames gives the server s1:1 a second address, b1:1. Both are in the search list.
func twoNames(h *harness) {
	h.net.Alias("b1:1", h.server(1))
	h.config.Servers = append(h.config.Servers, "b1:1")
}

// learnBoth makes the runtime connect to the server at both addresses.
func (h *harness) learnBoth() {
	h.Helper()
	h.net.Cut("s1:1")
	h.checkoutOf(messages.Checkout{Feature: "f3"})
	h.net.Heal("s1:1")
	h.checkoutOf(messages.Checkout{Feature: "f3"})
}

func TestRule7_TwoAddressesOfOneServerAreOneConnection(t *testing.T) {
	withHarness(t, 1, twoNames, func(h *harness) {
		h.checkout()
		h.net.Cut("s1:1")
		h.checkout()
		h.net.Heal("s1:1")
		h.untilHeartbeats(1)
		assert.Len(h, h.rt.Status().Connections, 1)
		assert.Len(h, h.wire.Last(transporttest.Heartbeats).Leases, 2)
	})
}

func TestRule7_TheOriginAtAnotherAddressIsAReconnect(t *testing.T) {
	t.Run("rule 7: between two beats", func(t *testing.T) {
		withHarness(t, 1, twoNames, func(h *harness) {
			h.learnBoth()
			license := h.checkout()
			h.untilHeartbeats(1)
			taken := h.server(1).Stats().Takes
			h.net.Cut("s1:1")
			h.net.Cut("b1:1")
			h.untilLost(1)
			h.net.Heal("b1:1")
			h.untilEvent("Resumed f2 b1:1")
			assert.Equal(h, messages.Server{ID: "S1", Address: "b1:1"}, license.Status().Server)
			assert.Equal(h, taken, h.server(1).Stats().Takes, "no seat is taken")
		})
	})
	t.Run("rule 7: in a round", func(t *testing.T) {
		setup := func(h *harness) {
			attempts(2)(h)
			twoNames(h)
		}
		withHarness(t, 1, setup, func(h *harness) {
			license := h.checkout()
			h.untilHeartbeats(1)
			h.net.Cut("s1:1")
			h.untilLost(2)
			h.untilEvent("Resumed f2 b1:1")
			assert.Equal(h, messages.StateHeld, license.Status().State)
			assert.Equal(h, 1, h.mostHeld("s1:1"), "no second seat, not even for a moment")
			assert.Zero(h, count[messages.FailedOver](&h.events))
		})
	})
}

func TestRule7_TwoNamesInTheSearchListTakeOneSeat(t *testing.T) {
	withHarness(t, 1, twoNames, func(h *harness) {
		h.server(1).DropReplies(1, transporttest.Checkouts)
		h.checkout()
		h.pass(time.Minute)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule7_AServerThatAnswersElsewhereIsResumedThere(t *testing.T) {
	withHarness(t, 1, twoNames, func(h *harness) {
		h.learnBoth()
		license := h.checkout()
		at := license.Status().Server.Address
		h.untilHeartbeats(1)
		taken := h.server(1).Stats().Takes
		other := h.net.AddServer("x1:1", map[string]int{"f2": 10, "f3": 10})
		h.net.Alias(at, other)
		h.untilEvent("Replaced " + string(at))
		h.pass(time.Minute)
		assert.Equal(h, "S1", license.Status().Server.ID)
		assert.NotEqual(h, at, license.Status().Server.Address)
		assert.Equal(h, taken, h.server(1).Stats().Takes, "no seat is taken")
		assert.Zero(h, other.HeldTotal())
		assert.Zero(h, other.Stats().Takes)
	})
}

func TestRule7_AReplacedServerGetsItsSeatsBackWhenItAnswersAgain(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		old := h.server(1)
		other := h.net.AddServer("x1:1", map[string]int{"f2": 10})
		h.net.Alias("s1:1", other)
		h.untilEvent("Succeeded f2 s1:1")
		require.Equal(h, "S3", license.Status().Server.ID)
		require.Equal(h, 1, old.Held("f2"))
		h.net.Alias("s2:1", old)                       // the old server is back at another address
		h.checkoutOf(messages.Checkout{Feature: "f3"}) // the other server has no f3: s2:1 is asked
		h.pass(time.Second)
		assert.Zero(h, old.Held("f2"))
		assert.Equal(h, 1, other.Held("f2"))
		assert.NoError(h, license.Err())
	})
}
