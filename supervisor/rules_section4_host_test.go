package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/eventbus"
	"github.com/seatbeat/seatbeat/messages"
)

// slow adds a subscriber whose queue holds few events and which hangs until it is let go.
func (s *stage) slow(bound int) (told *recorder, letGo func()) {
	stuck := make(chan struct{})
	told = &recorder{}
	s.rt.bus.Subscribe(bound, func(e messages.Event) {
		<-stuck
		told.record(e)
	})
	return told, func() { close(stuck) }
}

func TestSection4_ASubscriberThatHangsLosesTheOldestEventsAndIsToldHowMany(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		told, letGo := s.slow(4)
		s.checkout() // the event at which it hangs
		s.pass(0)
		for range 5 { // ten events
			again := s.checkoutOf(messages.Checkout{Feature: "f3"})
			require.NoError(s, again.Checkin(s.Context()))
		}
		s.pass(0)
		letGo()
		assert.Equal(s, []string{
			"CheckedOut f2 s1:1", "EventsDropped",
			"CheckedOut f3 s1:1", "CheckedIn f3 s1:1", "CheckedOut f3 s1:1", "CheckedIn f3 s1:1",
		}, told.texts())
		assert.Equal(s, 6, last[messages.EventsDropped](told).Number)
		assert.Zero(s, count[messages.EventsDropped](&s.events), "the others are told everything")
	})
}

func TestSection4_TerminalEventsAreNeverDropped(t *testing.T) {
	onStage(t, 1, attempts(2), func(s *stage) {
		told, letGo := s.slow(4)
		s.checkout()
		s.pass(0)
		s.server(1).Down()
		s.untilTold("Exited 1")
		s.server(1).Up()
		for range 10 {
			again := s.checkoutOf(messages.Checkout{Feature: "f3"})
			require.NoError(s, again.Checkin(s.Context()))
		}
		s.pass(0)
		letGo()
		got := told.texts()
		assert.Contains(s, got, "Exited f2 s1:1 GaveUp")
		assert.Contains(s, got, "Exited 1")
		assert.Equal(s, "EventsDropped", got[len(got)-5])
	})
}

func TestSection4_FunctionsMayBeCalledFromACallback(t *testing.T) {
	var s *stage
	var license, more *License
	var errs []error
	setup := func(stage *stage) {
		s = stage
		s.config.Callbacks.OnRetryFeature = func(messages.RetryingFeature) {
			var err error
			more, err = s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f3"})
			errs = append(errs, err, license.Heartbeat(s.Context()), license.Checkin(s.Context()))
			_, _ = s.rt.Status(), license.Status()
		}
	}
	onStage(t, 1, setup, func(s *stage) {
		license = s.checkout()
		s.untilBeaten(1)
		s.server(1).Restart()
		<-license.Done()
		s.pass(time.Second)
		assert.Equal(s, []error{nil, nil, nil}, errs)
		assert.Equal(s, messages.StateHeld, more.Status().State)
	})
}

func TestSection4_CloseFromACallbackDoesNotWaitForThatCallback(t *testing.T) {
	var s *stage
	closed := make(map[string]time.Duration)
	closing := func(name string) {
		begin := time.Now()
		assert.NoError(s, s.rt.Close(s.within(time.Minute)))
		closed[name] = time.Since(begin)
	}
	for name, install := range map[string]func(*Config){
		"OnEvent": func(c *Config) {
			c.OnEvent = func(e messages.Event) {
				if _, ok := e.(messages.ServerRestarted); ok {
					closing("OnEvent")
				}
			}
		},
		"OnCheckoutSuccess": func(c *Config) {
			c.Callbacks.OnCheckoutSuccess = func(messages.CheckoutSucceeded) { closing("OnCheckoutSuccess") }
		},
	} {
		t.Run("section 4: "+name, func(t *testing.T) {
			setup := func(stage *stage) {
				s = stage
				install(&stage.config)
			}
			onStage(t, 1, setup, func(s *stage) {
				license := s.checkout()
				s.untilBeaten(1)
				s.server(1).Restart()
				<-license.Done()
				s.pass(10 * time.Second)
				assert.ErrorIs(s, license.Err(), messages.ErrClosed)
				assert.Contains(s, closed, name)
				assert.Less(s, closed[name], time.Second)
				assert.Zero(s, s.server(1).Held("f2"))
			})
		})
	}
}

func TestSection4_CloseFromOnExitWorks(t *testing.T) {
	var s *stage
	closed := false
	setup := func(stage *stage) {
		s = stage
		attempts(1)(s)
		s.config.Callbacks.OnExit = func(messages.Exited) {
			_ = s.rt.Close(s.within(time.Second))
			closed = true
		}
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		s.pass(10 * time.Second)
		assert.True(s, closed)
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(s, err, messages.ErrClosed)
		s.server(1).Up()
	})
}

func TestSection4_ACallbackThatPanicsHarmsNobody(t *testing.T) {
	setup := func(s *stage) {
		s.config.Callbacks.OnRetryFeature = func(messages.RetryingFeature) { panic("host code") }
	}
	onStage(t, 1, setup, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		s.server(1).Restart()
		s.untilTold("Resumed f2 s1:1")
		assert.NoError(s, license.Err())
	})
}

func TestSection4_HostCodeThatMisbehavesDelaysNobodyElse(t *testing.T) {
	for _, how := range []string{"slow", "hang", "panic", "exit"} {
		t.Run("section 4: "+how, func(t *testing.T) {
			var callback, listener misbehaviour
			setup := func(s *stage) {
				attempts(3)(s)
				s.config.Callbacks.OnRetryFeature = func(e messages.RetryingFeature) { callback.handle(e) }
			}
			onStage(t, 1, setup, func(s *stage) {
				s.rt.bus.Subscribe(eventbus.QueueBound, listener.handle)
				callback.become(how)
				listener.become(how)
				defer func() {
					listener.become("well")
					callback.become("well")
					s.pass(time.Minute) // who sleeps when the bubble ends sleeps for ever
				}()
				license := s.checkout()
				for range 3 {
					s.server(1).Restart()
					s.untilTold("Resumed f2 s1:1")
				}
				s.untilBeaten(3)
				began := time.Now()
				require.NoError(s, license.Checkin(s.Context()))
				<-license.Done()
				assert.Zero(s, time.Since(began), "no virtual time")
			})
		})
	}
}
