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
	fault    string // when not empty, the take is malformed for this reason
}

// outcome answers a take: lease and version of a grant; reason and message of a refusal, which retryAfter makes one to
// be repeated; reason of what is gone.
type outcome struct {
	result     result
	lease      messages.LeaseID
	version    messages.Version
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

// take decides one take of a client.
func (b *book) take(c *client, t take, now time.Duration) outcome {
	if t.fault != "" {
		return refuse(messages.Malformed, "%s", t.fault)
	}
	if number, known := b.lookup(c, t.request); known {
		return b.repeated(number, t, now)
	}
	old, o := b.replaceable(c, t.replaces)
	if o.result != 0 {
		return o
	}
	index, p := b.pools.find(t.feature)
	if reason := p.refuse(t.version, t.exact); reason != messages.NoReason {
		return outcome{result: refused, reason: reason}
	}
	if o := b.crowded(c, p, index, t, old); o.result != 0 {
		return o
	}
	b.replace(c, t.replaces, now)
	return b.grant(c, index, t, now)
}

// repeated answers a take whose request is known. That the client asks again is a sign of life: it reckons the age of
// the lease from here.
func (b *book) repeated(number uint32, t take, now time.Duration) outcome {
	e := b.at(number)
	if e.state == entryEnded {
		return outcome{result: gone, reason: e.reason}
	}
	if b.pools.all[e.pool].feature.Name != t.feature || int(e.count) != t.count {
		return refuse(messages.Malformed, "the request id was used for other seats")
	}
	b.table.renew(number, now)
	return b.grantOf(number, e)
}

func (b *book) grantOf(number uint32, e *entry) outcome {
	return outcome{
		result:  granted,
		lease:   leaseID(number, b.table.secret(number)),
		version: messages.V(int(e.major), int(e.minor)),
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
func (b *book) crowded(c *client, p *pool, index uint32, t take, old []*entry) outcome {
	back := 0
	for _, e := range old {
		if e.pool == index {
			back += int(e.count)
		}
	}
	switch used := p.used - back; {
	case used+t.count > p.feature.Seats:
		return refuse(messages.NoSeats, "%d of %d seats in use", used, p.feature.Seats)
	case c.leases-len(old) >= b.limits.ClientLeases:
		return b.later(messages.RateLimited, "the client holds too many leases")
	case b.full(1 + len(t.replaces)):
		return b.later(messages.Busy, "the server holds too many leases")
	default:
		return outcome{}
	}
}

// later is a refusal that a repetition may cure.
func (b *book) later(reason messages.Reason, message string) outcome {
	return outcome{result: refused, reason: reason, message: message, retryAfter: b.retry}
}

func (b *book) replace(c *client, replaces []messages.RequestID, now time.Duration) {
	for _, request := range replaces {
		b.cancel(c, request, messages.Replaced, now)
	}
}

// grant takes the seats and makes the lease. That there are enough of both was checked.
func (b *book) grant(c *client, index uint32, t take, now time.Duration) outcome {
	p := b.pools.all[index]
	number, e := b.occupy(c, t.request)
	secret := b.secret()
	b.table.hold(number, secret, c.index, now)
	e.state, e.pool, e.count = entryHeld, index, uint32(t.count)
	e.major, e.minor = uint16(p.feature.Version.Major), uint16(p.feature.Version.Minor)
	b.count(c, e, +1)
	e.seq = b.record(Record{
		Kind: RecordGrant, Holder: c.holder, Request: t.request, Lease: leaseID(number, secret),
		Feature: p.feature.Name, Major: e.major, Minor: e.minor, Count: e.count,
	}, 0)
	return b.grantOf(number, e)
}

// count adds a lease to what is held, or takes it off.
func (b *book) count(c *client, e *entry, sign int) {
	b.pools.all[e.pool].used += sign * int(e.count)
	c.leases += sign
	b.held += sign
}
