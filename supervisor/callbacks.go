package supervisor

import (
	"sync/atomic"

	"github.com/seatbeat/seatbeat/messages"
)

// Callbacks are functions for five of the events, under the names that users of licence managers know (docs/rules.md,
// section 4). One goroutine of the runtime calls them, one at a time, in the order of the events. They may block, call
// every function of this package and panic without harm to the runtime. Nil functions are not called.
type Callbacks struct {
	OnConnectionLost  func(messages.ConnectionLost)
	OnRetryFeature    func(messages.RetryingFeature)
	OnCheckoutSuccess func(messages.CheckoutSucceeded)
	OnCheckoutFailure func(messages.CheckoutFailed)
	// OnExit is called once in the life of a runtime, when features gave up because no server was reached (rule 11): shut
	// the application down. Later events of this kind are only published, and after Close it is not called. Nil: the
	// error is printed to standard error and the process ends with status 3, even when standard error takes no text.
	OnExit func(messages.Exited)
}

func (c Callbacks) any() bool {
	return c.OnConnectionLost != nil || c.OnRetryFeature != nil || c.OnCheckoutSuccess != nil ||
		c.OnCheckoutFailure != nil || c.OnExit != nil
}

// subscriber returns a function that calls the callback of each event. It calls OnExit once, and not after closing was set.
func (c Callbacks) subscriber(closing *atomic.Bool) func(messages.Event) {
	exited := false
	return func(e messages.Event) {
		if x, ok := e.(messages.Exited); ok {
			if exited || closing.Load() {
				return
			}
			exited = true
			call(c.OnExit, x)
			return
		}
		c.dispatch(e)
	}
}

// dispatch calls the callback of an event other than Exited.
func (c Callbacks) dispatch(e messages.Event) {
	switch e := e.(type) {
	case messages.ConnectionLost:
		call(c.OnConnectionLost, e)
	case messages.RetryingFeature:
		call(c.OnRetryFeature, e)
	case messages.CheckoutSucceeded:
		call(c.OnCheckoutSuccess, e)
	case messages.CheckoutFailed:
		call(c.OnCheckoutFailure, e)
	}
}

func call[E messages.Event](callback func(E), e E) {
	if callback != nil {
		callback(e)
	}
}
