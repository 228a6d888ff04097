package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/eventbus"
	"github.com/seatbeat/seatbeat/messages"
)

// slow adds a subscriber with a short queue that hangs until letGo is called.
func (h *harness) slow(bound int) (told *eventRecorder, letGo func()) {
	stuck := make(chan struct{})
	told = &eventRecorder{}
	h.rt.bus.Subscribe(bound, func(e messages.Event) {
		<-stuck
		told.record(e)
	})
	return told, func() { close(stuck) }
}

func TestEvents_ASubscriberThatHangsLosesTheOldestEventsAndLearnsHowMany(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		told, letGo := h.slow(4)
		h.checkout() // the event at which it hangs
		h.pass(0)
		for range 5 { // ten events
			again := h.checkoutOf(messages.Checkout{Feature: "f3"})
			require.NoError(h, again.Checkin(h.Context()))
		}
		h.pass(0)
		letGo()
		assert.Equal(h, []string{
			"CheckedOut f2 s1:1", "EventsDropped",
			"CheckedOut f3 s1:1", "CheckedIn f3 s1:1", "CheckedOut f3 s1:1", "CheckedIn f3 s1:1",
		}, told.texts())
		assert.Equal(h, 6, last[messages.EventsDropped](told).Number)
		assert.Zero(h, count[messages.EventsDropped](&h.events), "the others get all events")
	})
}

func TestEvents_TerminalEventsAreNeverDropped(t *testing.T) {
	withHarness(t, 1, attempts(2), func(h *harness) {
		told, letGo := h.slow(4)
		h.checkout()
		h.pass(0)
		h.server(1).Down()
		h.untilEvent("Exited 1")
		h.server(1).Up()
		for range 10 {
			again := h.checkoutOf(messages.Checkout{Feature: "f3"})
			require.NoError(h, again.Checkin(h.Context()))
		}
		h.pass(0)
		letGo()
		got := told.texts()
		assert.Contains(h, got, "Exited f2 s1:1 GaveUp")
		assert.Contains(h, got, "Exited 1")
		assert.Equal(h, "EventsDropped", got[len(got)-5])
	})
}

func TestEvents_FunctionsMayBeCalledFromACallback(t *testing.T) {
	var h *harness
	var license, more *License
	var errs []error
	setup := func(started *harness) {
		h = started
		h.config.Callbacks.OnRetryFeature = func(messages.RetryingFeature) {
			var err error
			more, err = h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f3"})
			errs = append(errs, err, license.Heartbeat(h.Context()), license.Checkin(h.Context()))
			_, _ = h.rt.Status(), license.Status()
		}
	}
	withHarness(t, 1, setup, func(h *harness) {
		license = h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Restart()
		<-license.Done()
		h.pass(time.Second)
		assert.Equal(h, []error{nil, nil, nil}, errs)
		assert.Equal(h, messages.StateHeld, more.Status().State)
	})
}

func TestEvents_CloseFromACallbackDoesNotWaitForThatCallback(t *testing.T) {
	var h *harness
	closed := make(map[string]time.Duration)
	closing := func(name string) {
		begin := time.Now()
		assert.NoError(h, h.rt.Close(h.within(time.Minute)))
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
		t.Run(name, func(t *testing.T) {
			setup := func(started *harness) {
				h = started
				install(&started.config)
			}
			withHarness(t, 1, setup, func(h *harness) {
				license := h.checkout()
				h.untilHeartbeats(1)
				h.server(1).Restart()
				<-license.Done()
				h.pass(10 * time.Second)
				assert.ErrorIs(h, license.Err(), messages.ErrClosed)
				assert.Contains(h, closed, name)
				assert.Less(h, closed[name], time.Second)
				assert.Zero(h, h.server(1).Held("f2"))
			})
		})
	}
}

func TestEvents_CloseFromOnExitWorks(t *testing.T) {
	var h *harness
	closed := false
	setup := func(started *harness) {
		h = started
		attempts(1)(h)
		h.config.Callbacks.OnExit = func(messages.Exited) {
			_ = h.rt.Close(h.within(time.Second))
			closed = true
		}
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		h.pass(10 * time.Second)
		assert.True(h, closed)
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(h, err, messages.ErrClosed)
		h.server(1).Up()
	})
}

func TestEvents_ACallbackThatPanicsHarmsNobody(t *testing.T) {
	setup := func(h *harness) {
		h.config.Callbacks.OnRetryFeature = func(messages.RetryingFeature) { panic("host code") }
	}
	withHarness(t, 1, setup, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Restart()
		h.untilEvent("Resumed f2 s1:1")
		assert.NoError(h, license.Err())
	})
}

func TestEvents_HostCodeThatMisbehavesDelaysNobodyElse(t *testing.T) {
	for _, how := range []string{"slow", "hang", "panic", "exit"} {
		t.Run(how, func(t *testing.T) {
			var callback, listener hostCode
			setup := func(h *harness) {
				attempts(3)(h)
				h.config.Callbacks.OnRetryFeature = func(e messages.RetryingFeature) { callback.handle(e) }
			}
			withHarness(t, 1, setup, func(h *harness) {
				h.rt.bus.Subscribe(eventbus.QueueBound, listener.handle)
				callback.set(how)
				listener.set(how)
				defer func() {
					listener.set("well")
					callback.set("well")
					h.pass(time.Minute) // code that still sleeps when the bubble ends is an error
				}()
				license := h.checkout()
				for range 3 {
					h.server(1).Restart()
					h.untilEvent("Resumed f2 s1:1")
				}
				h.untilHeartbeats(3)
				began := time.Now()
				require.NoError(h, license.Checkin(h.Context()))
				<-license.Done()
				assert.Zero(h, time.Since(began), "no virtual time")
			})
		})
	}
}
