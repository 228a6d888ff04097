package supervisor

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/seatbeat/seatbeat/messages"
)

func (c Callbacks) any() bool {
	return c.OnConnectionLost != nil || c.OnRetryFeature != nil || c.OnCheckoutSuccess != nil ||
		c.OnCheckoutFailure != nil || c.OnExit != nil
}

// teller returns the subscriber that calls the callbacks. OnExit is called once, and not once the runtime is closing.
func (c Callbacks) teller(closing *atomic.Bool) func(messages.Event) {
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
		c.tell(e)
	}
}

func (c Callbacks) tell(e messages.Event) {
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

// exitStatus is the status with which the process ends when features gave up and there is no OnExit (rule 11).
const exitStatus = 3

// exitProcess is the built-in exit.
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
	return fmt.Sprintf("seatbeat: no license server reached: %d heartbeats in a row failed\n"+
		"  servers tried: %s\n  last cause:    %s\n  features:      %s%s\n",
		e.Failed, strings.Join(servers, ", "), e.Cause, strings.Join(e.Names, ", "), more)
}
