package supervisor

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// eventChecker checks the events when they are delivered: their order for each checkout, and the facts in them.
type eventChecker struct {
	sim *simulation

	mu             sync.Mutex
	ended          bool // Close has returned: no event may follow
	of             map[checkoutKey]*checkoutEvents
	failed         map[string]int       // by ServerID: the failed count of the latest event
	roundFrom      map[string]time.Time // by ServerID: when the latest failed heartbeat was reported that may start a round
	restarts       map[string]int       // by "ServerID to BootID": how often that restart was reported
	moves          int                  // how often an address moved or a ledger went back: a BootID may then be seen again
	exits          int                  // features in Exited events
	exitedLicenses int                  // LicenseLost events with state Exited
	onExits        int                  // calls of OnExit
	outages        outages
	uncalled       [4]int // by callback: events that have it, less its calls
}

func (s *eventChecker) init(sim *simulation) {
	s.sim, s.of, s.failed, s.restarts = sim, map[checkoutKey]*checkoutEvents{}, map[string]int{}, map[string]int{}
	s.roundFrom = map[string]time.Time{}
}

// onEvent is the subscriber.
func (s *eventChecker) onEvent(e messages.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, err := json.Marshal(e); err == nil {
		s.sim.trace("%s %s", messages.Name(e), text)
	}
	if s.ended {
		s.sim.report("%s was published after Close had returned", messages.Name(e))
	}
	switch e := e.(type) {
	case messages.ConnectionLost:
		s.uncalled[0]++
		s.connectionLost(e)
	case messages.ServerRestarted:
		s.restarted(e)
	case messages.ServerReplaced:
		s.sim.invariants.MayReplaceAt(e.Old.ServerID)
		s.outages.replaced(e.New.ServerID)
	case messages.FailedOver:
		s.sim.invariants.MayReplaceAt(e.From.ID)
		s.eventsOf(e.Claim).add(s, e.Claim, e)
	case messages.Exited:
		s.exits += e.Features
	case messages.OutageCounted:
		s.outageCounted(e)
	case messages.DownLimitExceeded:
		s.outages.tripped = true
	case messages.EventsDropped:
		s.sim.report("%s: %+v", messages.Name(e), e)
	default:
		if c, ok := claimIn(e); ok {
			s.eventsOf(c).add(s, c, e)
		}
	}
}

// callbacks returns callbacks whose calls are counted: each event that has a callback must make one call of it.
func (s *eventChecker) callbacks() Callbacks {
	count := func(i int, e messages.Event) {
		s.mu.Lock()
		s.uncalled[i]--
		s.mu.Unlock()
		s.sim.callback.handle(e)
	}
	return Callbacks{
		OnConnectionLost:  func(e messages.ConnectionLost) { count(0, e) },
		OnRetryFeature:    func(e messages.RetryingFeature) { count(1, e) },
		OnCheckoutSuccess: func(e messages.CheckoutSucceeded) { count(2, e) },
		OnCheckoutFailure: func(e messages.CheckoutFailed) { count(3, e) },
		OnExit:            s.exited,
	}
}

func (s *eventChecker) exited(e messages.Exited) {
	s.mu.Lock()
	if s.onExits++; s.onExits > 1 {
		s.sim.report("OnExit was called again")
	}
	s.mu.Unlock()
	s.sim.callback.handle(e)
}

func claimIn(e messages.Event) (messages.Claim, bool) {
	switch e := e.(type) {
	case messages.RetryingFeature:
		return e.Claim, true
	case messages.CheckoutSucceeded:
		return e.Claim, true
	case messages.CheckoutFailed:
		return e.Claim, true
	case messages.CheckedOut:
		return e.Claim, true
	case messages.CheckedIn:
		return e.Claim, true
	case messages.FailedOver:
		return e.Claim, true
	case messages.LicenseLost:
		return e.Claim, true
	case messages.FeatureRestarted:
		return e.Claim, true
	default:
		return messages.Claim{}, false
	}
}

func (s *eventChecker) eventsOf(c messages.Claim) *checkoutEvents {
	key := checkoutKey{c.Feature, c.Count}
	if s.of[key] == nil {
		s.of[key] = &checkoutEvents{}
	}
	return s.of[key]
}

// connectionLost checks that the failed count of a connection goes 1, 2, 3 ... or begins again. Each panic may have lost
// an event, also the first one of a new break.
func (s *eventChecker) connectionLost(e messages.ConnectionLost) {
	last := s.failed[e.Server.ID]
	missed := e.Failed - last - 1
	if missed < 0 {
		missed = e.Failed - 1
	}
	if missed > s.sim.faults.panics() {
		s.sim.report("ConnectionLost of %s says failed %d after %d", e.Server.ID, e.Failed, last)
	}
	s.failed[e.Server.ID] = e.Failed
	s.outages.note(e.Server.ID)
	if e.Failed >= s.sim.config.Heartbeat.Attempts {
		s.roundFrom[e.Server.ID] = time.Now()
	}
}

// restarted checks that each restart of a server is reported at most once.
func (s *eventChecker) restarted(e messages.ServerRestarted) {
	if e.Old == e.New {
		s.sim.report("ServerRestarted of %s with the same identity %s", e.Server, e.New)
	}
	s.outages.note(e.Old.ServerID, e.New.ServerID)
	key := e.Old.ServerID + " to " + e.New.BootID
	if s.restarts[key]++; s.restarts[key] > 1+s.moves {
		s.sim.report("the restart from %s was reported %d times", key, s.restarts[key])
	}
}

// end says that Close has returned: no event may follow.
func (s *eventChecker) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// checkCounts compares events with calls of callbacks, and with the states of licenses, when everything has come to rest.
func (s *eventChecker) checkCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uncalled != [4]int{} {
		s.sim.report("events and calls of their callbacks differ: %v", s.uncalled)
	}
	if s.exits != s.exitedLicenses {
		s.sim.report("Exited counted %d features, but %d gave up", s.exits, s.exitedLicenses)
	}
	for of, c := range s.of {
		if c.open {
			s.sim.report("a pair of %s was never closed", of)
		}
		if c.final == messages.StateUnavailable && !s.outages.tripped {
			s.sim.report("%s is unavailable, but no limit was exceeded", of)
		}
	}
}

// moved says that an address goes to another server, which may have answered before.
func (s *eventChecker) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves++
}
