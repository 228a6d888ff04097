package supervisor

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// add checks the next event of a checkout against those before it. The caller holds the story's mu.
func (c *chapter) add(s *story, claim messages.Claim, e messages.Event) {
	report := func(format string, args ...any) {
		s.w.report("%s: "+format, append([]any{claim}, args...)...)
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
			s.losses++
			s.checkExit(e)
		}
		s.checkDone(claim, e.State)
	case messages.FeatureRestarted:
		c.reborn = time.Now()
	case messages.CheckedIn:
		c.final = messages.StateCheckedIn
		s.checkDone(claim, c.final)
	}
	c.last = e
}

// pair: every RetryingFeature is followed by exactly one CheckoutSucceeded or CheckoutFailed.
func (c *chapter) pair(s *story, e messages.Event, report func(string, ...any)) {
	closes := false
	switch e.(type) {
	case messages.CheckoutSucceeded:
		s.told[2]++
		closes = true
	case messages.CheckoutFailed:
		s.told[3]++
		closes = true
	}
	if closes != c.open {
		report("%s, while a pair is open: %t", messages.Name(e), c.open)
	}
	_, c.open = e.(messages.RetryingFeature)
	if c.open {
		s.told[1]++
	}
}

// checkDone: Done is closed, and Err says the same, before the last event is delivered.
func (s *story) checkDone(claim messages.Claim, state messages.State) {
	l, _ := s.w.claimOf(claim).result()
	if l == nil {
		return // the call of Checkout has not returned yet
	}
	select {
	case <-l.Done():
	default:
		s.w.report("%s: %s was told before Done was closed", claim, state)
	}
	if !errorOf(state, l.Err()) || l.Status().State != state {
		s.w.report("%s: %s was told, Err is %v and the state %s", claim, state, l.Err(), l.Status().State)
	}
}

// checkExit: a feature is given up only if no server answered anything during its last sweep, which began at the latest
// failed beat or before it, or when the feature was restarted (rule 11).
func (s *story) checkExit(e messages.LicenseLost) {
	began, ok := s.sweepable[e.Server.ID]
	if !ok {
		s.w.report("%s was given up, but the beats of %s did not fail often enough", e.Feature, e.Server)
	}
	if reborn := s.chapterOf(e.Claim).reborn; reborn.After(began) {
		began = reborn
	}
	if address, ok := s.w.traffic.repliedSince(began); ok {
		s.w.report("%s was given up, but %s has answered during the sweep", e.Feature, address)
	}
}
