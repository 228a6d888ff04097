package wiretap

import (
	"context"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// Invariants reports calls that a runtime must never send (docs/rules.md):
//
//   - rule 4: a heartbeat to a server begins while another one is in flight there, unless both are chunks of one;
//   - rule 6: a take replaces a lease that was beaten and neither reported ended nor returned;
//   - rule 13: a request is sent again after its return;
//   - rule 14: a lease is beaten after its return;
//   - rule 20: a call is sent, or a session is still open, after Close of the runtime.
//
// Rule 6 is about the origin of a feature, which the calls do not show: a lease of another server may be replaced, and when
// a server was replaced its leases end without a report. So these violations are reported by Close, except for the servers
// that MayReplaceAt was called for.
//
// Make it with NewInvariants. It is safe for concurrent use.
type Invariants struct {
	report func(format string, args ...any)
	slack  time.Duration

	mu       sync.Mutex // guards the fields below
	closed   bool
	sessions int                                     // open ones
	request  map[messages.LeaseID]messages.RequestID // that each known lease was granted to
	returned map[requestAt]time.Time                 // when the first return was sent
	beaten   map[requestAt]bool                      // true: the lease was named in a heartbeat; false: it has ended
	followed map[*Call]time.Time                     // for each heartbeat in flight: when the next one was sent; zero: none was
	excepted map[string]bool                         // ServerIDs at which leases may be replaced
	suspects []suspect
}

// requestAt is a request at the server that the runtime sent it to. A request that another server executed by mistake is
// cancelled there and lives on at the server that it was meant for.
type requestAt struct {
	serverID string
	request  messages.RequestID
}

// suspect is a take that violates rule 6, unless its server is excepted.
type suspect struct {
	serverID, feature string
}

// NewInvariants returns the observer of one runtime. report is called with each violation, on the goroutine of the call
// or of Close.
//
// slack is how long two calls may be recorded in another order than the runtime sent them: calls leave on goroutines of
// their own, and one that was cut off may return after the next one has begun. In virtual time 0 is exact, and a
// nanosecond allows for calls of the same instant.
func NewInvariants(slack time.Duration, report func(format string, args ...any)) *Invariants {
	return &Invariants{
		report: report, slack: slack, request: map[messages.LeaseID]messages.RequestID{},
		returned: map[requestAt]time.Time{}, beaten: map[requestAt]bool{},
		followed: map[*Call]time.Time{}, excepted: map[string]bool{},
	}
}

// Observer returns the observer that checks.
func (v *Invariants) Observer() Observer {
	return Observer{Sent: v.sent, Answered: v.answered, Closed: v.sessionClosed}
}

// MayReplaceAt says that the runtime may replace leases of this server that were not reported ended. Call it for the old
// server of each event ServerReplaced, and, where features fail over and come back, for the old server of FailedOver.
func (v *Invariants) MayReplaceAt(serverID string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.excepted[serverID] = true
}

// Close says that Close of the runtime has returned.
func (v *Invariants) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	if v.sessions != 0 {
		v.report("rule 20: %d sessions are open after Close", v.sessions)
	}
	for c, next := range v.followed {
		if !next.IsZero() {
			v.report("rule 4: a heartbeat to %s began while another one was in flight, which never ended", c.ServerID)
		}
	}
	for _, s := range v.suspects {
		if !v.excepted[s.serverID] {
			v.report("rule 6: a take of %s at %s replaces a lease that was not reported ended", s.feature, s.serverID)
		}
	}
}

func (v *Invariants) sessionClosed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sessions--
}

func (v *Invariants) sent(_ context.Context, c *Call) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		v.report("rule 20: a %s was sent after Close", c.Kind)
	}
	switch c.Kind {
	case transporttest.Checkouts:
		v.checkTakes(c)
	case transporttest.Heartbeats:
		v.checkHeartbeat(c)
	case transporttest.Checkins:
		v.noteReturns(c)
	}
	return nil
}

func (v *Invariants) checkTakes(c *Call) {
	for _, t := range c.Takes {
		if v.returnedBefore(c, t.Request, max(v.slack, 1)) {
			v.report("rule 13: a request of %s was sent to %s after its return", t.Feature, c.ServerID)
		}
		for _, r := range t.Replaces {
			if v.beaten[requestAt{c.ServerID, r}] {
				v.suspects = append(v.suspects, suspect{c.ServerID, t.Feature})
			}
		}
	}
}

func (v *Invariants) checkHeartbeat(c *Call) {
	for _, id := range c.Leases {
		request, known := v.request[id]
		if !known {
			continue
		}
		if v.returnedBefore(c, request, v.slack) {
			v.report("rule 14: a lease of %s was beaten after its return", c.ServerID)
		}
		key := requestAt{c.ServerID, request}
		if _, over := v.beaten[key]; !over { // a heartbeat may name a lease whose end is still being decided about
			v.beaten[key] = true
		}
	}
	if len(c.Leases) == transport.MaxLeases {
		return // one of several chunks
	}
	for before, next := range v.followed {
		if before.ServerID == c.ServerID && next.IsZero() {
			v.followed[before] = c.Sent
		}
	}
	v.followed[c] = time.Time{}
}

func (v *Invariants) noteReturns(c *Call) {
	for _, r := range c.Returns {
		for _, request := range []messages.RequestID{r.Request, v.request[r.Lease]} {
			key := requestAt{c.ServerID, request}
			if _, ok := v.returned[key]; !ok && request != (messages.RequestID{}) {
				v.returned[key] = c.Sent
			}
			v.beaten[key] = false
		}
	}
}

// returnedBefore reports whether a return of the request was sent before the call, by slack at least.
func (v *Invariants) returnedBefore(c *Call, request messages.RequestID, slack time.Duration) bool {
	at, ok := v.returned[requestAt{c.ServerID, request}]
	return ok && c.Sent.Sub(at) >= slack
}

func (v *Invariants) answered(c *Call, a Answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if next, ok := v.followed[c]; ok {
		delete(v.followed, c)
		if !next.IsZero() && a.Time.Sub(next) > v.slack {
			v.report("rule 4: a heartbeat to %s began while another one was in flight", c.ServerID)
		}
	}
	if a.Err != nil {
		return
	}
	if c.Kind == transporttest.Connects {
		v.sessions++
	}
	for _, o := range a.Outcomes {
		switch o.Result {
		case transport.Granted:
			v.request[o.Lease] = o.Request
		case transport.Gone:
			v.beaten[requestAt{c.ServerID, o.Request}] = false
		}
	}
	for _, e := range a.Ended {
		v.beaten[requestAt{c.ServerID, v.request[e.Lease]}] = false
	}
}
