package supervisor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// With five attempts, five heartbeats in a row fail, and then the runtime exits.
func TestRule11_WithFiveAttemptsFiveBeatsFailThenExit(t *testing.T) {
	withHarness(t, 1, attempts(5), func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		h.events.take()
		h.server(1).Down()
		<-license.Done()
		h.pass(time.Second)
		assert.Equal(h, []string{
			"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Lost(4) s1:1", "Lost(5) s1:1", "Exited f2 s1:1 GaveUp", "Exited 1",
		}, slices.DeleteFunc(h.events.texts(), func(e string) bool { return e == "AtRisk s1:1" }))
		assert.Equal(h, messages.StateExited, license.Status().State)
		h.pass(time.Hour)
		assert.Empty(h, h.events.texts())
	})
}

func TestRule11_ExitedNamesServersFailedCountCauseAndFeatures(t *testing.T) {
	withHarness(t, 2, attempts(3), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).Down()
		h.untilEvent("Exited 1")
		e := last[messages.Exited](&h.events)
		assert.Equal(h, []messages.Address{"s1:1", "s2:1"}, e.Servers)
		assert.Equal(h, 3, e.Failed)
		assert.Contains(h, e.Cause, "unreachable")
		assert.Equal(h, []string{"f2"}, e.Names)
		var exited *messages.ExitedError
		require.ErrorAs(h, license.Err(), &exited)
		assert.Equal(h, messages.ExitedError{Servers: e.Servers, Failed: 3, Cause: e.Cause}, *exited)
		assert.ErrorIs(h, license.Err(), messages.ErrExited)
	})
}

func TestRule11_FeaturesThatGiveUpTogetherMakeOneExit(t *testing.T) {
	const features = 25
	setup := func(h *harness) {
		attempts(2)(h)
		for i := range features {
			h.server(1).SetSeats(fmt.Sprintf("g%02d", i), 1)
		}
	}
	withHarness(t, 1, setup, func(h *harness) {
		for i := range features {
			h.checkoutOf(messages.Checkout{Feature: fmt.Sprintf("g%02d", i)})
		}
		h.server(1).Down()
		h.untilEvent("Exited 25")
		e := last[messages.Exited](&h.events)
		assert.Equal(h, features, e.Features)
		require.Len(h, e.Names, messages.MaxExitedNames)
		assert.Equal(h, features, count[messages.LicenseLost](&h.events), "each is told by itself, too")
		assert.Equal(h, 1, count[messages.Exited](&h.events))
	})
}

func TestRule11_EachConnectionPublishesItsOwnExit(t *testing.T) {
	setup := func(h *harness) {
		attempts(2)(h)
		h.server(1).SetSeats("f3", 0)
	}
	withHarness(t, 2, setup, func(h *harness) {
		for range 3 {
			h.checkout()
			h.checkoutOf(messages.Checkout{Feature: "f3"})
		}
		h.checkout()
		h.server(1).Down()
		h.server(2).Down()
		h.until("two exits", func() bool { return count[messages.Exited](&h.events) == 2 })
		all := map[string]int{}
		for _, e := range h.events.all() {
			if exited, ok := e.event.(messages.Exited); ok {
				all[exited.Names[0]] = exited.Features
			}
		}
		assert.Equal(h, map[string]int{"f2": 4, "f3": 3}, all)
	})
}

func TestRule11_OnExitIsCalledOnceAndLaterExitsAreOnlyPublished(t *testing.T) {
	var calls []messages.Exited
	setup := func(h *harness) {
		attempts(1)(h)
		h.config.Callbacks.OnExit = func(e messages.Exited) { calls = append(calls, e) }
	}
	withHarness(t, 1, setup, func(h *harness) {
		for range 3 {
			h.server(1).Up()
			h.checkout()
			h.server(1).Down()
			h.untilEvent("Exited 1")
		}
		assert.Len(h, calls, 1)
		assert.Equal(h, 3, count[messages.Exited](&h.events))
	})
}

func TestRule11_AServerThatAnsweredAnythingIsReached(t *testing.T) {
	for name, answers := range map[string]func(*transporttest.Server){
		"a connect, with a refusal that says later": func(server *transporttest.Server) {
			server.Refuse(&transport.Refusal{Reason: messages.Draining, RetryAfter: time.Second}, transporttest.Connects)
		},
		"a checkout, with a refusal that says later": func(server *transporttest.Server) {
			busy(server, messages.Busy, time.Second)
		},
	} {
		t.Run("rule 11: "+name, func(t *testing.T) {
			withHarness(t, 2, attempts(2), func(h *harness) {
				license := h.checkout()
				h.server(1).Down()
				answers(h.server(2))
				h.untilLost(2)
				h.pass(20 * time.Minute)
				assert.Equal(h, messages.StateFailingOver, license.Status().State)
				assert.Zero(h, count[messages.Exited](&h.events))
				h.server(2).Down()
				<-license.Done()
				assert.ErrorIs(h, license.Err(), messages.ErrExited)
			})
		})
	}
}

func TestRule11_AServerThatLetUsConnectDuringTheRoundIsReached(t *testing.T) {
	withHarness(t, 2, attempts(2), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).BlackHole(true, transporttest.Checkouts, transporttest.Heartbeats, transporttest.Checkins)
		h.untilLost(2)
		h.pass(20 * time.Second)
		assert.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(2).ClearFaults()
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		assert.Equal(h, 1, h.mostHeld("s2:1"))
	})
}

func TestRule11_AFinalRefusalIsNoExit(t *testing.T) {
	withHarness(t, 2, attempts(2), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).SetSeats("f2", 0)
		<-license.Done()
		assert.ErrorIs(h, license.Err(), messages.ErrLost)
		h.pass(time.Hour)
		assert.Zero(h, count[messages.Exited](&h.events))
	})
}

func TestRule11_TheApplicationMayCheckOutAgainAfterAnExit(t *testing.T) {
	withHarness(t, 1, attempts(1), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		<-license.Done()
		h.server(1).Up()
		h.checkout()
		h.untilHeartbeats(1)
		assert.Equal(h, 1, h.server(1).Held("f2"), "the old seat was returned")
	})
}
