package supervisor

import (
	"fmt"
	"os"
	"strings"
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
	// OnExit is called at most once by a runtime, when features gave up because no server was reached (rule 11): shut
	// the application down. Later Exited events are only published. OnExit is not called after Close. Nil: the error is
	// printed to standard error and the process ends with status 3.
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

// exitStatus is the status of a process that ends because features gave up and there is no OnExit (rule 11).
const exitStatus = 3

// exitProcess handles Exited when there is no OnExit: it prints the error and ends the process.
func exitProcess(e messages.Exited) {
	fmt.Fprint(os.Stderr, exitText(e))
	os.Exit(exitStatus)
}

func exitText(e messages.Exited) string {
	servers := make([]string, len(e.Servers))
	for i, s := range e.Servers {
		servers[i] = string(s)
	}
	more := ""
	if n := e.Features - len(e.Names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("seatbeat: no licence server reached: %d heartbeats failed in a row\n"+
		"  servers tried: %s\n  last cause:    %s\n  features:      %s%s\n",
		e.Failed, strings.Join(servers, ", "), e.Cause, strings.Join(e.Names, ", "), more)
}
