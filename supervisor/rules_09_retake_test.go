package supervisor

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// retake checks out, changes the server, and makes it lose its ledger, so that the seats are taken again.
func (h *harness) retake(c messages.Checkout, change func(*transporttest.Server)) *License {
	h.Helper()
	license := h.checkoutOf(c)
	h.untilHeartbeats(1)
	h.server(1).Forget()
	change(h.server(1))
	h.untilEvent("Retrying f2 s1:1")
	h.pass(0)
	return license
}

func unchanged(*transporttest.Server) {}

func TestRule9_TheWholeCountAndTheVersionFirstAskedForAreTakenAgain(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.retake(messages.Checkout{Feature: "f2", Version: messages.V(3, 1), Count: 4, Exact: false}, unchanged)
		again := h.wire.Last(transporttest.Checkouts).Takes[0]
		assert.Equal(h, messages.V(3, 1), again.Version)
		assert.Equal(h, 4, again.Count)
		assert.Equal(h, 4, h.server(1).Held("f2"))
	})
}

func TestRule9_ARetakeIsANewRequestThatReplacesTheOld(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.retake(messages.Checkout{Feature: "f2"}, unchanged)
		takes := h.wire.Calls(transporttest.Checkouts)
		first, again := takes[0].Takes[0], takes[1].Takes[0]
		assert.NotEqual(h, first.Request, again.Request)
		assert.Equal(h, []messages.RequestID{first.Request}, again.Replaces)
	})
}

func TestRule9_AThirdTakeReplacesThatOfTheCurrentLease(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.retake(messages.Checkout{Feature: "f2"}, unchanged)
		h.untilEvent("Succeeded f2 s1:1")
		h.server(1).Forget()
		h.untilEvent("Succeeded f2 s1:1")
		takes := h.wire.Calls(transporttest.Checkouts)
		require.Len(h, takes, 3)
		assert.Contains(h, takes[2].Takes[0].Replaces, takes[1].Takes[0].Request)
	})
}

func TestRule9_TheVersionDecidesWhetherARetakeIsGranted(t *testing.T) {
	asked := messages.V(2, 5)
	for name, c := range map[string]struct {
		exact  bool
		serves messages.Version
		state  messages.State
	}{
		"a higher version is served":                    {false, messages.V(3, 0), messages.StateHeld},
		"the same version is served":                    {false, asked, messages.StateHeld},
		"a lower version is served":                     {false, messages.V(2, 4), messages.StateLost},
		"exactly, and a higher version is served":       {true, messages.V(2, 6), messages.StateLost},
		"exactly, and the same version is served":       {true, asked, messages.StateHeld},
		"exactly, and a lower version is served":        {true, messages.V(1, 9), messages.StateLost},
		"a lower minor of a higher major is served":     {false, messages.V(3, 1), messages.StateHeld},
		"a higher minor of a lower major is not enough": {false, messages.V(1, 9), messages.StateLost},
	} {
		t.Run("rule 9: "+name, func(t *testing.T) {
			withHarness(t, 1, func(h *harness) { h.server(1).SetVersion("f2", asked) }, func(h *harness) {
				license := h.retake(messages.Checkout{Feature: "f2", Version: asked, Exact: c.exact},
					func(server *transporttest.Server) { server.SetVersion("f2", c.serves) })
				assert.Equal(h, c.state, license.Status().State)
			})
		})
	}
}

func TestRule9_ARetakeGetsAllSeatsOrNone(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.retake(messages.Checkout{Feature: "f2", Count: 4},
			func(server *transporttest.Server) { server.SetSeats("f2", 3) })
		assert.Equal(h, messages.StateLost, license.Status().State)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

// backAtAForgottenServer lets a feature fail over from the first server, which stays away until its return is given up, and
// then, with old leases that are fresh again, is the only server left.
func (h *harness) backAtAForgottenServer() *License {
	h.Helper()
	license := h.checkout()
	h.untilHeartbeats(1)
	h.net.Cut("s1:1")
	h.untilEvent("FailedOver f2 s1:1>s2:1")
	h.pass(transporttest.DefaultClientTimeout * 2 / 5)
	h.server(1).Restart()
	h.pass(transporttest.DefaultClientTimeout * 7 / 10)
	h.server(1).Restart()
	require.Equal(h, 1, h.server(1).Held("f2"))
	h.net.Heal("s1:1")
	h.server(2).Down()
	h.invariants.MayReplaceAt("S1") // it is not the origin when the feature comes back
	return license
}

func TestRule9_WhatWasAskedForIsReplacedAlsoAfterItsReturnWasGivenUp(t *testing.T) {
	for _, seats := range []int{1, 2} {
		t.Run(strconv.Itoa(seats), func(t *testing.T) {
			withHarness(t, 2, rounds(2, 10), func(h *harness) {
				h.server(1).SetSeats("f2", seats)
				license := h.backAtAForgottenServer()
				h.untilEvent("FailedOver f2 s2:1>s1:1")
				h.pass(time.Second)
				assert.Equal(h, messages.StateHeld, license.Status().State)
				assert.Equal(h, 1, h.mostHeld("s1:1"))
				h.server(2).Up()
				h.pass(time.Minute)
			})
		})
	}
}

func TestRule9_WhatWasAskedForIsReturnedWhenTheServerRefusesTheTakeThatReplacesIt(t *testing.T) {
	withHarness(t, 2, rounds(2, 10), func(h *harness) {
		h.server(1).SetVersion("f2", messages.V(1, 0))
		license := h.backAtAForgottenServer()
		h.server(1).SetVersion("f2", messages.V(0, 1))
		h.until("the round is over", func() bool { return h.wire.CountAnswered(transporttest.Checkouts) >= 3 })
		h.pass(time.Minute)
		assert.Zero(h, h.server(1).Held("f2"))
		assert.NoError(h, license.Err())
		h.server(2).Up()
		h.pass(time.Minute)
	})
}
