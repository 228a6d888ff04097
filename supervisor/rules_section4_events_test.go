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

// five returns callbacks that collect the events they are told.
func five(collect func(messages.Event)) Callbacks {
	return Callbacks{
		OnConnectionLost:  func(e messages.ConnectionLost) { collect(e) },
		OnRetryFeature:    func(e messages.RetryingFeature) { collect(e) },
		OnCheckoutSuccess: func(e messages.CheckoutSucceeded) { collect(e) },
		OnCheckoutFailure: func(e messages.CheckoutFailed) { collect(e) },
		OnExit:            func(e messages.Exited) { collect(e) },
	}
}

func TestSection4_CallbacksAreToldTheFiveEventsInOrder(t *testing.T) {
	var called recorder
	setup := func(s *stage) {
		attempts(2)(s)
		s.config.Callbacks = five(called.record)
	}
	onStage(t, 2, setup, func(s *stage) {
		s.checkout()
		s.server(2).SetSeats("f2", 0)
		s.server(1).Down()
		s.untilLost(1)
		s.server(1).Up()
		s.untilTold("Resumed f2 s1:1")
		s.server(1).Forget()
		s.untilTold("Succeeded f2 s1:1")
		s.server(1).Forget()
		s.server(1).SetSeats("f2", 0)
		s.untilTold("Failed f2 s1:1 NoSeats")
		s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.server(1).Down()
		s.server(2).Down()
		s.untilTold("Exited 1")
		var want []messages.Event
		for _, e := range s.events.all() {
			switch e.event.(type) {
			case messages.ConnectionLost, messages.RetryingFeature, messages.CheckoutSucceeded, messages.CheckoutFailed, messages.Exited:
				want = append(want, e.event)
			}
		}
		require.Len(s, want, 10)
		assert.Equal(s, want, called.take())
	})
}

func TestSection4_EventsOfAFeatureCarryItsClaimAndTheServer(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		s.checkout()
		license := s.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(4, 2), Count: 3})
		claim := messages.Claim{ID: 2, Feature: "f2", Version: messages.V(4, 2), Count: 3}
		one, two := messages.Server{ID: "S1", Address: "s1:1"}, messages.Server{ID: "S2", Address: "s2:1"}
		assert.Equal(s, messages.CheckedOut{Claim: claim, Server: one}, last[messages.CheckedOut](&s.events))
		s.server(1).Down()
		s.until("a failover", func() bool { return license.Status().Server == two })
		s.pass(0)
		assert.Subset(s, s.events.take(), []messages.Event{
			messages.RetryingFeature{Claim: claim, Server: two},
			messages.CheckoutSucceeded{Claim: claim, Server: two},
			messages.FailedOver{Claim: claim, From: one, To: two},
		})
		s.server(2).RevokeFeature("f2")
		<-license.Done()
		s.pass(0)
		assert.Contains(s, s.events.take(), messages.LicenseLost{
			Claim: claim, Server: two, State: messages.StateLost, Reason: messages.Revoked,
		})
		again := s.checkoutOf(messages.Checkout{Feature: "f3"})
		require.NoError(s, again.Checkin(s.Context()))
		assert.Contains(s, s.events.take(), messages.CheckedIn{Claim: again.Status().Claim, Server: two})
	})
}

func TestSection4_AChannelGetsEveryEventFromThenOn(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		events, cancel := s.rt.Events(10)
		s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.pass(0)
		require.Len(s, events, 1)
		assert.Equal(s, "CheckedOut f3 s1:1", text(<-events))
		cancel()
		_, open := <-events
		assert.False(s, open)
		s.checkout()
		s.pass(0)
	})
}

func TestSection4_AChannelIsClosedWhenTheRuntimeIs(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		events, _ := s.rt.Events(0)
		s.checkout()
		var got []string
		var reader sync.WaitGroup
		reader.Go(func() {
			for e := range events {
				got = append(got, text(e))
			}
		})
		s.close()
		reader.Wait()
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "CheckedIn f2 s1:1"}, got)
		late, _ := s.rt.Events(0)
		_, open := <-late
		assert.False(s, open, "a closed runtime tells nothing")
	})
}

func TestSection4_DoneIsClosedBeforeTheTerminalEventIsDelivered(t *testing.T) {
	for name, end := range map[string]func(*stage, *License){
		"lost":       func(s *stage, _ *License) { s.server(1).RevokeFeature("f2") },
		"exited":     func(s *stage, _ *License) { s.server(1).Down() },
		"checked in": func(s *stage, license *License) { _ = license.Checkin(s.Context()) },
		"closed":     func(s *stage, _ *License) { s.close() },
	} {
		t.Run("section 4: "+name, func(t *testing.T) {
			var license *License
			early, terminal := 0, 0
			setup := func(s *stage) {
				attempts(2)(s)
				s.config.OnEvent = func(e messages.Event) {
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
			onStage(t, 1, setup, func(s *stage) {
				license = s.checkout()
				s.untilBeaten(1)
				end(s, license)
				<-license.Done()
				s.pass(time.Second)
				assert.Positive(s, terminal)
				assert.Zero(s, early)
			})
		})
	}
}

func TestSection4_AnEventThatNobodyHasACallbackForIsStillAnEvent(t *testing.T) {
	setup := func(s *stage) { s.config.Callbacks = Callbacks{OnExit: func(messages.Exited) {}} }
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Restart()
		s.untilTold("Resumed f2 s1:1")
		assert.True(s, slices.ContainsFunc(s.events.all(), func(e telling) bool { return text(e.event) == "Restarted s1:1" }))
		assert.NotEmpty(s, s.wire.Calls(transporttest.Heartbeats))
	})
}
