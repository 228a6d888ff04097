package server

import (
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// take asks for seats. Its fields are within the bounds of the protocol, unless fault says otherwise.
type take struct {
	request  messages.RequestID
	feature  string
	version  messages.Version
	count    int
	exact    bool
	replaces []messages.RequestID
	wait     time.Duration // when positive, it waits in line for seats, so long at most in one call
	fault    string        // when not empty, the take is malformed for this reason
	first    bool          // of its line: it does not stand behind others
}

// outcome answers a take: lease and version of a grant, and whether it is past the seats that there are; reason and message
// of a refusal, which retryAfter makes one to be repeated; reason of what is gone.
type outcome struct {
	result     result
	lease      messages.LeaseID
	version    messages.Version
	overdrawn  bool
	reason     messages.Reason
	message    string
	retryAfter time.Duration
}

// result is the kind of an outcome.
type result uint8

const (
	granted result = iota + 1
	refused
	gone
)

func refuse(reason messages.Reason, format string, args ...any) outcome {
	return outcome{result: refused, reason: reason, message: fmt.Sprintf(format, args...)}
}

// take decides one take of a client, counts it when it is refused, and notes it for the audit.
func (b *book) take(c *client, t take, now time.Duration) outcome {
	before := b.seq
	o := b.ask(c, t, now)
	b.tell(c, t, o, before)
	return o
}

// tell counts a take that was refused, and notes what was decided since a record for the audit.
func (b *book) tell(c *client, t take, o outcome, before uint64) {
	if o.result == refused {
		b.deny(t.feature, o.reason)
	}
	if b.audited && (o.result == refused || o.result == granted && b.seq != before) {
		b.noteTake(c, t, o)
	}
}

// ask decides a take that does not wait, and waits no longer if it did.
func (b *book) ask(c *client, t take, now time.Duration) outcome {
	if t.fault != "" {
		return refuse(messages.Malformed, "%s", t.fault)
	}
	b.leave(b.lines.places[requestKey{c.index, t.request}], outcome{}, errOvertaken)
	if number, known := b.lookup(c, t.request); known {
		return b.repeated(number, t, now)
	}
	return b.decide(c, t, now)
}

// decide decides a take whose request is not known.
func (b *book) decide(c *client, t take, now time.Duration) outcome {
	old, o := b.replaceable(c, t.replaces)
	if o.result != 0 {
		return o
	}
	index, p := b.pools.find(t.feature)
	served, reason := p.serve(t.version, t.exact)
	if reason != messages.NoReason {
		return outcome{result: refused, reason: reason, message: p.missing(reason)}
	}
	want := claim{level: served, seats: t.count}
	want.group = b.pools.groups.join(groupPlace{index, p.share, c.groupKey(p.share)}, want)
	if o := b.crowded(c, index, want, t, old); o.result != 0 {
		b.pools.groups.prune(want.group)
		return o
	}
	return b.grant(c, index, want, t, now)
}

// repeated answers a take whose request is known. That the client asks again is a sign of life: it reckons the age of
// the lease from here.
func (b *book) repeated(number uint32, t take, now time.Duration) outcome {
	e := b.at(number)
	if e.state == entryEnded {
		return outcome{result: gone, reason: e.reason}
	}
	if b.pools.all[e.pool].name != t.feature || int(e.count) != t.count {
		return refuse(messages.Malformed, "the request id was used for other seats")
	}
	b.table.renew(number, now)
	return b.grantOf(number, e)
}

func (b *book) grantOf(number uint32, e *entry) outcome {
	return outcome{
		result:    granted,
		lease:     leaseID(number, b.table.secret(number)),
		version:   e.level.version(),
		overdrawn: e.overdrawn,
	}
}

// replaceable returns the held leases among the requests to replace. It refuses if one of them was revoked: a client
// must not get back by replacing what an administrator took away.
func (b *book) replaceable(c *client, replaces []messages.RequestID) (held []*entry, o outcome) {
	for i, request := range replaces {
		number, known := b.lookup(c, request)
		if !known {
			continue
		}
		e := b.at(number)
		if e.state == entryEnded && e.reason == messages.Revoked {
			return nil, outcome{result: refused, reason: messages.Revoked}
		}
		if e.state == entryHeld && !namedBefore(replaces, i) {
			held = append(held, e)
		}
	}
	return held, outcome{}
}

// namedBefore reports whether the request at i occurs earlier too: its seats count once.
func namedBefore(requests []messages.RequestID, i int) bool {
	return slices.Contains(requests[:i], requests[i])
}

// crowded refuses a take for which there is no room once the old leases are freed: no seats, or a limit.
func (b *book) crowded(c *client, index uint32, want claim, t take, old []*entry) outcome {
	switch o := b.seatless(c, index, want, t.first, old); {
	case o.result != 0:
		return o
	case c.leases-len(old) >= b.limits.ClientLeases:
		return b.later(messages.RateLimited, "the client holds too many leases")
	case b.full(1 + len(t.replaces)):
		return b.later(messages.Busy, "the server holds too many leases")
	default:
		return outcome{}
	}
}

// seatless refuses a claim that would take more seats of its pool than there are, or any while others wait in line. It
// tries: it counts the claim in place of the old leases, looks, and takes that back.
func (b *book) seatless(c *client, index uint32, want claim, first bool, old []*entry) (o outcome) {
	p := b.pools.all[index]
	p.mark()
	b.exchange(index, want, old, +1)
	if s, used, short := p.short(); short {
		o = refuse(messages.NoSeats, "%d of %d seats in use %s", used, s.seats+s.overdraft, p.owners.told(c, p.share))
		if want.seats > 1 {
			o.message += fmt.Sprintf(", %d asked for", want.seats)
		}
	} else if waiting := p.line.Len(); waiting > 0 && !first && p.raised() {
		o = refuse(messages.NoSeats, "%d wait in line", waiting)
	}
	b.exchange(index, want, old, -1)
	return o
}

// exchange counts a claim and takes off old leases of its pool, or the other way round.
func (b *book) exchange(index uint32, want claim, old []*entry, sign int) {
	b.pools.count(index, want, sign)
	for _, e := range old {
		if e.pool == index {
			b.pools.count(index, e.claim(), -sign)
		}
	}
}

// later is a refusal that a repetition may cure.
func (b *book) later(reason messages.Reason, message string) outcome {
	return outcome{result: refused, reason: reason, message: message, retryAfter: b.retry}
}

// grant takes the seats and makes the lease, in place of those that it replaces. That there is room was checked.
func (b *book) grant(c *client, index uint32, want claim, t take, now time.Duration) outcome {
	p := b.pools.all[index]
	number, e := b.occupy(c, t.request)
	secret := b.secret()
	b.table.hold(number, secret, c.index, now)
	e.state, e.pool, e.count, e.level, e.group = entryHeld, index, uint32(want.seats), want.level, want.group
	b.count(c, e, +1)
	for _, request := range t.replaces {
		b.cancel(c, request, messages.Replaced, now)
	}
	e.overdrawn = p.overdrew(want.level)
	r := Record{
		Kind: RecordGrant, Holder: c.holder, Request: t.request, Lease: leaseID(number, secret),
		Feature: p.name, Major: e.level.major(), Minor: e.level.minor(), Count: e.count, Overdrawn: e.overdrawn,
	}
	if e.group != 0 {
		p.review = true
		place := b.pools.groups.all[e.group].place
		r.Share, r.Group = place.share, place.key
	}
	e.seq = b.record(r, 0)
	return b.grantOf(number, e)
}

// count adds a lease to what is held, or takes it off.
func (b *book) count(c *client, e *entry, sign int) {
	b.pools.count(e.pool, e.claim(), sign)
	b.pools.all[e.pool].owners.add(c, sign*int(e.count))
	c.leases += sign
	b.held += sign
}
