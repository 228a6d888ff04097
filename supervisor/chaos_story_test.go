package supervisor

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// story checks the events as they are told: their order for each checkout, and what they say of each connection.
type story struct {
	w *world

	mu        sync.Mutex
	ended     bool // Close has returned: nothing is told any more
	of        map[asked]*chapter
	failed    map[string]int       // by ServerID: the failed count last told
	sweepable map[string]time.Time // by ServerID: when the latest failed beat was told that may start a sweep
	boots     map[string]int       // how often each BootID was told as that of a restart of a ServerID
	moves     int                  // how often an address was given to another server, or a ledger went back: a boot may then be met again
	exits     int                  // features that Exited told of
	losses    int                  // LicenseLost with state Exited
	onExits   int                  // calls of OnExit
	outages   outages
	told      [4]int // events that have a callback, less the calls of it
}

// chapter is the events of one checkout.
type chapter struct {
	last   messages.Event
	open   bool // a pair is open
	final  messages.State
	reborn time.Time // when the feature was restarted last: what it asks for it asks for anew
}

func (s *story) init(w *world) {
	s.w, s.of, s.failed, s.boots = w, map[asked]*chapter{}, map[string]int{}, map[string]int{}
	s.sweepable = map[string]time.Time{}
}

// tell is the subscriber.
func (s *story) tell(e messages.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, err := json.Marshal(e); err == nil {
		s.w.trace("%s %s", messages.Name(e), text)
	}
	if s.ended {
		s.w.report("%s was told after Close had returned", messages.Name(e))
	}
	switch e := e.(type) {
	case messages.ConnectionLost:
		s.told[0]++
		s.connectionLost(e)
	case messages.ServerRestarted:
		s.restarted(e)
	case messages.ServerReplaced:
		s.w.wire.Replaced(e.Old.ServerID)
	case messages.Exited:
		s.exits += e.Features
	case messages.OutageCounted:
		s.outageCounted(e)
	case messages.DownLimitExceeded:
		s.outages.tripped = true
	case messages.EventsDropped:
		s.w.report("told %s: %+v", messages.Name(e), e)
	default:
		if c, ok := claimIn(e); ok {
			s.chapterOf(c).add(s, c, e)
		}
	}
}

// callbacks returns callbacks that are counted against the events: each event with a callback makes one call of it.
func (s *story) callbacks() Callbacks {
	count := func(i int, e messages.Event) {
		s.mu.Lock()
		s.told[i]--
		s.mu.Unlock()
		s.w.callback.handle(e)
	}
	return Callbacks{
		OnConnectionLost:  func(e messages.ConnectionLost) { count(0, e) },
		OnRetryFeature:    func(e messages.RetryingFeature) { count(1, e) },
		OnCheckoutSuccess: func(e messages.CheckoutSucceeded) { count(2, e) },
		OnCheckoutFailure: func(e messages.CheckoutFailed) { count(3, e) },
		OnExit:            s.exited,
	}
}

func (s *story) exited(e messages.Exited) {
	s.mu.Lock()
	if s.onExits++; s.onExits > 1 {
		s.w.report("OnExit was called again")
	}
	s.mu.Unlock()
	s.w.callback.handle(e)
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

func (s *story) chapterOf(c messages.Claim) *chapter {
	key := asked{c.Feature, c.Count}
	if s.of[key] == nil {
		s.of[key] = &chapter{}
	}
	return s.of[key]
}

// connectionLost: the failed count of a connection goes 1, 2, 3 ... or begins again. Words that were lost with a panic are
// left out, and they may be the first ones of a new break.
func (s *story) connectionLost(e messages.ConnectionLost) {
	last := s.failed[e.Server.ID]
	missed := e.Failed - last - 1
	if missed < 0 {
		missed = e.Failed - 1
	}
	if missed > s.w.saboteur.strikes() {
		s.w.report("ConnectionLost of %s says failed %d after %d", e.Server.ID, e.Failed, last)
	}
	s.failed[e.Server.ID] = e.Failed
	s.outages.note(e.Server.ID)
	if e.Failed >= s.w.config.Heartbeat.Attempts {
		s.sweepable[e.Server.ID] = time.Now()
	}
}

// restarted: one life of a server is told at most once.
func (s *story) restarted(e messages.ServerRestarted) {
	if e.Old == e.New {
		s.w.report("ServerRestarted of %s with the same identity %s", e.Server, e.New)
	}
	s.outages.note(e.Old.ServerID, e.New.ServerID)
	key := e.Old.ServerID + " to " + e.New.BootID
	if s.boots[key]++; s.boots[key] > 1+s.moves {
		s.w.report("the restart from %s was told %d times", key, s.boots[key])
	}
}

// end: from now on nothing may be told.
func (s *story) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// checkCounts compares what was told with what was called, once everything has come to rest.
func (s *story) checkCounts(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told != [4]int{} {
		s.w.report("events and calls of their callbacks differ: %v", s.told)
	}
	if !closed && s.exits != s.losses {
		s.w.report("Exited told of %d features, but %d were given up", s.exits, s.losses)
	}
	for of, c := range s.of {
		if c.open {
			s.w.report("a pair of %s was never closed", of)
		}
		if c.final == messages.StateUnavailable && !s.outages.tripped {
			s.w.report("%s is unavailable, but no limit was exceeded", of)
		}
	}
}

// moved: an address is given to another server, which may have answered before.
func (s *story) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves++
}
