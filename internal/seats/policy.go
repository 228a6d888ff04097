package seats

import (
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// policy decides about takes. It looks at leases, pools and queues, and changes nothing: the allocator carries out the
// decisions.
type policy struct {
	limits Limits
	retry  time.Duration // the retry-after of refusals for temporary reasons
	leases *leases
	pools  *pools

	change []int // reused by checkSeats
}

// about returns an empty decision about a take, which names the client, the take and its pool.
func (p *policy) about(c *Client, t Take) decision {
	index, pool := p.pools.find(t.Feature)
	return decision{client: c, take: t, index: index, pool: pool}
}

// takeOrRepeat decides about a take. A take whose request is known gets the earlier answer.
func (p *policy) takeOrRepeat(c *Client, t Take) decision {
	if t.Fault != "" {
		return p.about(c, t).refused(messages.Malformed, "%s", t.Fault)
	}
	if number, known := p.leases.lookup(c, t.Request); known {
		return p.repeat(c, t, number)
	}
	return p.decide(c, t, false)
}

// repeat answers a take whose request is known.
func (p *policy) repeat(c *Client, t Take, number uint32) decision {
	d, e := p.about(c, t), p.leases.at(number)
	switch {
	case e.state == entryEnded:
		return d.answered(Outcome{Result: Gone, Reason: e.reason})
	case p.pools.all[e.pool].name != t.Feature || int(e.count) != t.Count:
		return d.refused(messages.Malformed, usedForOthers)
	default:
		return d.repeated(number, Outcome{
			Result: Granted, Lease: p.leases.id(number), Version: e.version.version(), Overdrawn: e.overdrawn,
		})
	}
}

// usedForOthers refuses a request id that was used for another feature or another number of seats.
const usedForOthers = "the request id was used for another feature or number of seats"

// decide decides about a take whose request is not known. first says that the take is the first of its queue.
func (p *policy) decide(c *Client, t Take, first bool) decision {
	d := p.about(c, t)
	old, revoked := p.replaced(c, t.Replaces)
	if revoked {
		return d.refused(messages.Revoked, "")
	}
	served, reason := d.pool.serve(t.Version, t.Exact)
	if reason != messages.NoReason {
		return d.refused(reason, "%s", d.pool.missing(reason))
	}
	group := p.pools.group(d.index, c)
	want := demand{version: served, seats: t.Count}
	want.group = p.pools.groups.find(group, want)
	d = d.granted(want, group, false)
	return p.checkCapacity(d, first, old)
}

// replaced returns the held leases among the requests to replace, and whether one of the requests was revoked: a client
// must not use Replaces to regain seats that an administrator revoked.
func (p *policy) replaced(c *Client, replaces []messages.RequestID) (held []*entry, revoked bool) {
	for i, request := range replaces {
		number, known := p.leases.lookup(c, request)
		if !known {
			continue
		}
		e := p.leases.at(number)
		if e.state == entryEnded && e.reason == messages.Revoked {
			return nil, true
		}
		if e.state == entryHeld && !slices.Contains(replaces[:i], request) { // the seats of a request count once
			held = append(held, e)
		}
	}
	return held, false
}

// checkCapacity refuses a grant for which there is no room in place of the old leases: no seats, or a limit.
func (p *policy) checkCapacity(d decision, first bool, old []*entry) decision {
	d = p.checkSeats(d, first, old)
	switch {
	case d.Result == Refused:
		return d
	case d.client.leases-len(old) >= p.limits.ClientLeases:
		return p.later(d, LimitClientLeases, messages.RateLimited, "the client holds too many leases")
	case d.client.account.entries+len(d.take.Replaces) >= p.limits.IdentityLeases:
		return p.later(d, LimitIdentityLeases, messages.RateLimited, "the identity holds too many leases")
	case p.leases.full(1 + len(d.take.Replaces)):
		return p.later(d, LimitLeases, messages.Busy, "the server holds too many leases")
	default:
		return d
	}
}

// checkSeats refuses a grant that takes more seats than there are, or any seats while others wait for them. It computes
// how the grant, in place of the old leases, changes the seats held at each version tier.
func (p *policy) checkSeats(d decision, first bool, old []*entry) decision {
	p.change = p.pools.change(p.change[:0], d.index, d.want, old)
	if t, used, short := d.pool.shortfall(p.change); short {
		return d.refused(messages.NoSeats, "%d of %d seats in use %s%s", used, t.seats+t.overdraft,
			d.pool.usage.describe(d.client, d.pool.share), askedFor(d.want.seats))
	}
	if waiting := d.pool.queue.len(); waiting > 0 && !first && increases(p.change) {
		return d.refused(messages.NoSeats, "checkouts that wait in the queue before this one: %d", waiting)
	}
	return d.granted(d.want, d.group, d.pool.overdraws(d.want.version, p.change))
}

// askedFor says how many seats were asked for, if more than one.
func askedFor(seats int) string {
	if seats == 1 {
		return ""
	}
	return fmt.Sprintf(", %d asked for", seats)
}

// increases reports whether a change takes additional seats at any tier.
func increases(change []int) bool {
	return slices.ContainsFunc(change, func(seats int) bool { return seats > 0 })
}

// servable refuses a take for which waiting is pointless. Otherwise nothing is decided.
func (p *policy) servable(c *Client, t Take) decision {
	d := p.about(c, t)
	served, reason := d.pool.serve(t.Version, t.Exact)
	switch {
	case reason != messages.NoReason:
		return d.refused(reason, "%s", d.pool.missing(reason))
	case t.Count > d.pool.capacity(served):
		return d.refused(messages.NoSeats, "there are %d seats", d.pool.capacity(served))
	default:
		return d
	}
}

// later returns the decision as a refusal at a limit, for a temporary reason, with a retry-after.
func (p *policy) later(d decision, limit Limit, reason messages.Reason, message string) decision {
	return d.answered(Outcome{Result: Refused, Reason: reason, Message: message, RetryAfter: p.retry, Limit: limit})
}
