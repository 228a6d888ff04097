package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// traffic observes the calls between the runtime and the fake network, whether they arrive or not. It bounds their number
// and keeps what the checks of the simulation need.
type traffic struct {
	report func(format string, args ...any)
	trace  func(format string, args ...any)

	mu            sync.Mutex                              // guards the fields below
	minute        time.Time                               // when the present minute of the budget began
	calls         int                                     // in this minute
	returnRefused bool                                    // a return was refused for good: the server keeps the seats
	refused       map[messages.RequestID]bool             // for good
	replied       map[transport.Address]replies           // when a server answered there
	keys          map[messages.RequestID]checkoutKey      // whose seats each request asked for
	request       map[messages.LeaseID]messages.RequestID // that each lease was granted to
	renewed       map[checkoutKey]time.Time               // when the last call that renewed the lease was sent
}

// replies is when a server answered last, and when it answered at an earlier instant.
type replies struct{ last, earlier time.Time }

func (r replies) add(at time.Time) replies {
	if at.After(r.last) {
		return replies{last: at, earlier: r.last}
	}
	return r
}

// before returns the latest answer before the present instant.
func (r replies) before(now time.Time) time.Time {
	if r.last.Before(now) {
		return r.last
	}
	return r.earlier
}

// chaosBudget is the number of calls a minute that only a loop without a pause exceeds: several times what the busiest
// schedules need. There are few servers and features, and the runtime backs off whenever it repeats a call.
const chaosBudget = 1500

var errBudget = errors.New("the budget of calls is used up")

func newTraffic(report, trace func(string, ...any)) *traffic {
	return &traffic{
		report: report, trace: trace, minute: time.Now(),
		refused: map[messages.RequestID]bool{}, replied: map[transport.Address]replies{},
		keys: map[messages.RequestID]checkoutKey{}, request: map[messages.LeaseID]messages.RequestID{},
		renewed: map[checkoutKey]time.Time{},
	}
}

func (n *traffic) observer() wiretap.Observer {
	return wiretap.Observer{Sent: n.sent, Answered: n.answered}
}

// sent counts a call. Beyond the budget, calls hang until their deadline, so that virtual time goes on and the test ends.
func (n *traffic) sent(ctx context.Context, c *wiretap.Call) error {
	if n.spend(c) {
		return nil
	}
	n.report("more than %d calls within a minute: a loop without a pause (%s)", chaosBudget, c.Kind)
	<-ctx.Done()
	return errBudget
}

// spend counts a call and reports whether the budget allows it.
func (n *traffic) spend(c *wiretap.Call) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.minute) >= time.Minute {
		n.minute, n.calls = time.Now(), 0
	}
	n.calls++
	for _, t := range c.Takes {
		n.keys[t.Request] = checkoutKey{t.Feature, t.Count}
	}
	return n.calls <= chaosBudget
}

func (n *traffic) answered(c *wiretap.Call, a wiretap.Answer) {
	what := c.Kind.String()
	if c.Kind != transporttest.Connects {
		what = fmt.Sprintf("%s x%d", c.Kind, len(c.Takes)+len(c.Leases)+len(c.Returns))
	}
	n.trace("%s %s: %v", what, c.Address, a.Err)
	refusal := transport.AsRefusal(a.Err)
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.Err == nil || refusal != nil {
		n.replied[c.Address] = n.replied[c.Address].add(a.Time)
	}
	switch {
	case refusal != nil && refusal.RetryAfter <= 0:
		n.refusedForGood(c)
	case a.Err == nil:
		n.noteOutcomes(c, a.Outcomes)
		n.noteBeaten(c, a.Ended)
	}
}

// refusedForGood notes a call that was refused as a whole.
func (n *traffic) refusedForGood(c *wiretap.Call) {
	for _, t := range c.Takes {
		n.refused[t.Request] = true
	}
	if c.Kind == transporttest.Checkins {
		n.returnRefused = true
	}
}

// noteOutcomes notes grants, and what was refused for good: the runtime owes no return for it.
func (n *traffic) noteOutcomes(c *wiretap.Call, outcomes []transport.Outcome) {
	for _, o := range outcomes {
		switch {
		case o.Result == transport.Granted:
			n.request[o.Lease] = o.Request
			n.noteRenewal(n.keys[o.Request], c.Sent)
		case o.Result == transport.Refused && o.RetryAfter <= 0:
			n.refused[o.Request] = true
		}
	}
}

func (n *traffic) noteBeaten(c *wiretap.Call, ended []transport.Ended) {
	gone := make(map[messages.LeaseID]bool, len(ended))
	for _, e := range ended {
		gone[e.Lease] = true
	}
	for _, id := range c.Leases {
		if !gone[id] {
			n.noteRenewal(n.keys[n.request[id]], c.Sent)
		}
	}
}

func (n *traffic) noteRenewal(of checkoutKey, sent time.Time) {
	if sent.After(n.renewed[of]) {
		n.renewed[of] = sent
	}
}

// repliedSince reports whether any server answered after an instant and before now. An answer at the present instant may
// be the cause of what is checked, or its consequence.
func (n *traffic) repliedSince(after time.Time) (transport.Address, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for address, r := range n.replied {
		if at := r.before(time.Now()); at.After(after) {
			return address, true
		}
	}
	return "", false
}

// renewedAt returns when the last call was sent that renewed the lease of a checkout. It is zero when there was none.
func (n *traffic) renewedAt(of checkoutKey) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.renewed[of]
}

// refusedReturns reports whether a return was refused for good: the server keeps those seats.
func (n *traffic) refusedReturns() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.returnRefused
}

// grantedToCopy reports whether a local lease was granted to a copy of a request, which the network delivered after the
// request itself had been refused for good: the server had seats again. The client timeout would free such a network lease,
// but only the server knows of a local one.
func (n *traffic) grantedToCopy(lease transporttest.Lease) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return lease.Local && n.refused[lease.Request]
}
