package supervisor

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// five returns callbacks that collect their events.
func five(collect func(messages.Event)) Callbacks {
	return Callbacks{
		OnConnectionLost:  func(e messages.ConnectionLost) { collect(e) },
		OnRetryFeature:    func(e messages.RetryingFeature) { collect(e) },
		OnCheckoutSuccess: func(e messages.CheckoutSucceeded) { collect(e) },
		OnCheckoutFailure: func(e messages.CheckoutFailed) { collect(e) },
		OnExit:            func(e messages.Exited) { collect(e) },
	}
}

func TestEvents_CallbacksGetTheFiveEventsInOrder(t *testing.T) {
	var called eventRecorder
	setup := func(h *harness) {
		attempts(2)(h)
		h.config.Callbacks = five(called.record)
	}
	withHarness(t, 2, setup, func(h *harness) {
		h.checkout()
		h.server(2).SetSeats("f2", 0)
		h.server(1).Down()
		h.untilLost(1)
		h.server(1).Up()
		h.untilEvent("Resumed f2 s1:1")
		h.server(1).Forget()
		h.untilEvent("Succeeded f2 s1:1")
		h.server(1).Forget()
		h.server(1).SetSeats("f2", 0)
		h.untilEvent("Failed f2 s1:1 NoSeats")
		h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.server(1).Down()
		h.server(2).Down()
		h.untilEvent("Exited 1")
		var want []messages.Event
		for _, e := range h.events.all() {
			switch e.event.(type) {
			case messages.ConnectionLost, messages.RetryingFeature, messages.CheckoutSucceeded, messages.CheckoutFailed, messages.Exited:
				want = append(want, e.event)
			}
		}
		require.Len(h, want, 10)
		assert.Equal(h, want, called.take())
	})
}

func TestEvents_EventsOfAFeatureCarryItsClaimAndTheServer(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		h.checkout()
		license := h.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(4, 2), Count: 3})
		claim := messages.Claim{ID: 2, Feature: "f2", Version: messages.V(4, 2), Count: 3}
		one, two := messages.Server{ID: "S1", Address: "s1:1"}, messages.Server{ID: "S2", Address: "s2:1"}
		assert.Equal(h, messages.CheckedOut{Claim: claim, Server: one}, last[messages.CheckedOut](&h.events))
		h.server(1).Down()
		h.until("a failover", func() bool { return license.Status().Server == two })
		h.pass(0)
		assert.Subset(h, h.events.take(), []messages.Event{
			messages.RetryingFeature{Claim: claim, Server: two},
			messages.CheckoutSucceeded{Claim: claim, Server: two},
			messages.FailedOver{Claim: claim, From: one, To: two},
		})
		h.server(2).RevokeFeature("f2")
		<-license.Done()
		h.pass(0)
		assert.Contains(h, h.events.take(), messages.LicenseLost{
			Claim: claim, Server: two, State: messages.StateLost, Reason: messages.Revoked,
		})
		again := h.checkoutOf(messages.Checkout{Feature: "f3"})
		require.NoError(h, again.Checkin(h.Context()))
		assert.Contains(h, h.events.take(), messages.CheckedIn{Claim: again.Status().Claim, Server: two})
	})
}

func TestEvents_AChannelGetsEveryEventFromThenOn(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		events, cancel := h.rt.Events(10)
		h.checkoutOf(messages.Checkout{Feature: "f3"})
		h.pass(0)
		require.Len(h, events, 1)
		assert.Equal(h, "CheckedOut f3 s1:1", text(<-events))
		cancel()
		_, open := <-events
		assert.False(h, open)
		h.checkout()
		h.pass(0)
	})
}

func TestEvents_AChannelIsClosedWhenTheRuntimeIs(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		events, _ := h.rt.Events(0)
		h.checkout()
		var got []string
		var reader sync.WaitGroup
		reader.Go(func() {
			for e := range events {
				got = append(got, text(e))
			}
		})
		h.close()
		reader.Wait()
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, got)
		late, _ := h.rt.Events(0)
		_, open := <-late
		assert.False(h, open, "a closed runtime publishes nothing")
	})
}

func TestEvents_DoneIsClosedBeforeTheTerminalEventIsDelivered(t *testing.T) {
	for name, end := range map[string]func(*harness, *License){
		"lost":       func(h *harness, _ *License) { h.server(1).RevokeFeature("f2") },
		"exited":     func(h *harness, _ *License) { h.server(1).Down() },
		"checked in": func(h *harness, license *License) { _ = license.Checkin(h.Context()) },
		"closed":     func(h *harness, _ *License) { h.close() },
	} {
		t.Run(name, func(t *testing.T) {
			var license *License
			early, terminal := 0, 0
			setup := func(h *harness) {
				attempts(2)(h)
				h.config.OnEvent = func(e messages.Event) {
					switch e.(type) {
					case messages.LicenseLost, messages.CheckedIn, messages.Exited:
						terminal++
						select {
						case <-license.Done():
						default:
							early++
						}
					}
				}
			}
			withHarness(t, 1, setup, func(h *harness) {
				license = h.checkout()
				h.untilHeartbeats(1)
				end(h, license)
				<-license.Done()
				h.pass(time.Second)
				assert.Positive(h, terminal)
				assert.Zero(h, early)
			})
		})
	}
}

func TestEvents_AnEventWithoutItsCallbackIsStillPublished(t *testing.T) {
	setup := func(h *harness) { h.config.Callbacks = Callbacks{OnExit: func(messages.Exited) {}} }
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Restart()
		h.untilEvent("Resumed f2 s1:1")
		assert.True(h, slices.ContainsFunc(h.events.all(), func(e recordedEvent) bool { return text(e.event) == "Restarted s1:1" }))
		assert.NotEmpty(h, h.wire.Calls(transporttest.Heartbeats))
	})
}
