package supervisor

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// checkoutEvents are the events of one checkout, as far as the next one is checked against them.
type checkoutEvents struct {
	last      messages.Event
	open      bool // RetryingFeature came, and the event that closes its pair did not
	final     messages.State
	restarted time.Time // of the feature's actor, the last time: from then on it asks the servers again
}

// add checks the next event of a checkout against those before it. The caller holds the mu of the eventChecker.
func (c *checkoutEvents) add(s *eventChecker, claim messages.Claim, e messages.Event) {
	report := func(format string, args ...any) {
		s.sim.report("%s: "+format, append([]any{claim}, args...)...)
	}
	if c.final != 0 {
		report("%s after %s", messages.Name(e), c.final)
	}
	if _, first := e.(messages.CheckedOut); first != (c.last == nil) {
		report("%s, and the event before it is %T", messages.Name(e), c.last)
	}
	c.pair(s, e, report)
	switch e := e.(type) {
	case messages.FailedOver:
		if _, ok := c.last.(messages.CheckoutSucceeded); !ok || e.From == e.To {
			report("FailedOver from %v to %v after %T", e.From, e.To, c.last)
		}
	case messages.LicenseLost:
		c.final = e.State
		if e.State == messages.StateExited {
			s.exitedLicenses++
			s.checkExit(e)
		}
		s.checkDone(claim, e.State)
	case messages.FeatureRestarted:
		c.restarted = time.Now()
	case messages.CheckedIn:
		c.final = messages.StateCheckedIn
		s.checkDone(claim, c.final)
	}
	c.last = e
}

// pair checks that every RetryingFeature is followed by exactly one CheckoutSucceeded or CheckoutFailed.
func (c *checkoutEvents) pair(s *eventChecker, e messages.Event, report func(string, ...any)) {
	closes := false
	switch e.(type) {
	case messages.CheckoutSucceeded:
		s.uncalled[2]++
		closes = true
	case messages.CheckoutFailed:
		s.uncalled[3]++
		closes = true
	}
	if closes != c.open {
		report("%s, while a pair is open: %t", messages.Name(e), c.open)
	}
	_, c.open = e.(messages.RetryingFeature)
	if c.open {
		s.uncalled[1]++
	}
}

// checkDone checks that Done is closed and Err has the reason before the last event is delivered.
func (s *eventChecker) checkDone(claim messages.Claim, state messages.State) {
	l, _ := s.sim.checkoutOf(claim).result()
	if l == nil {
		return // Checkout has not returned yet
	}
	select {
	case <-l.Done():
	default:
		s.sim.report("%s: %s was published before Done was closed", claim, state)
	}
	if !errorOf(state, l.Err()) || l.Status().State != state {
		s.sim.report("%s: %s was published, Err is %v and the state %s", claim, state, l.Err(), l.Status().State)
	}
}

// checkExit checks that a feature gave up only because no server answered anything during its last round. That round began
// at the latest failed heartbeat, before it, or when the feature's actor was restarted (docs/rules.md, rule 11).
func (s *eventChecker) checkExit(e messages.LicenseLost) {
	began, ok := s.roundFrom[e.Server.ID]
	if !ok {
		s.sim.report("%s gave up, but the heartbeats of %s did not fail often enough", e.Feature, e.Server)
	}
	if reborn := s.eventsOf(e.Claim).restarted; reborn.After(began) {
		began = reborn
	}
	if address, ok := s.sim.traffic.repliedSince(began); ok {
		s.sim.report("%s gave up, but %s answered during the round", e.Feature, address)
	}
}
