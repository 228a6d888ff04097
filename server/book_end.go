package server

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// tombs are the ended entries in the order of their end, to be forgotten in that order.
type tombs struct {
	queue []tomb
	first int // those before it are forgotten already
}

type tomb struct {
	number uint32
	at     time.Duration // when it ended, or when the server started
}

func (t *tombs) len() int { return len(t.queue) - t.first }

func (t *tombs) add(number uint32, at time.Duration) {
	if t.first > len(t.queue)/2 {
		t.queue = append(t.queue[:0], t.queue[t.first:]...)
		t.first = 0
	}
	t.queue = append(t.queue, tomb{number, at})
}

// due returns the oldest one that ended by the given time.
func (t *tombs) due(by time.Duration) (number uint32, ok bool) {
	if t.len() == 0 || t.queue[t.first].at > by {
		return 0, false
	}
	number = t.queue[t.first].number
	t.first++
	return number, true
}

// end ends a held lease and frees its seats.
func (b *book) end(number uint32, reason messages.Reason, now time.Duration) {
	b.endAs(endOf(reason), number, reason, now)
}

// endAs ends a lease, which the audit knows as this kind of end.
func (b *book) endAs(kind deedKind, number uint32, reason messages.Reason, now time.Duration) {
	e := b.at(number)
	c := b.clients.get(e.client)
	b.table.release(number)
	b.release(c, e)
	b.bury(number, c, reason, now)
	if b.audited {
		b.noteEnd(c, number, kind)
	}
}

// release takes the seats of a held lease back. Others of its group keep theirs.
func (b *book) release(c *client, e *entry) {
	b.count(c, e, -1)
	b.pools.groups.prune(e.group)
	e.group = 0
	b.stir(e.pool)
}

// bury makes an entry a tombstone: whoever asks for its request or lease is told the reason.
func (b *book) bury(number uint32, c *client, reason messages.Reason, now time.Duration) {
	e := b.at(number)
	e.state, e.reason = entryEnded, reason
	e.seq = b.record(Record{
		Kind: RecordEnd, Holder: c.holder, Request: e.request,
		Lease: leaseID(number, b.table.secret(number)), Reason: reason,
	}, e.seq)
	b.tombs.add(number, now)
}

// cancel ends the lease of a request, or its place in line. A request that is unknown is buried before it ever lived.
func (b *book) cancel(c *client, request messages.RequestID, reason messages.Reason, now time.Duration) {
	b.giveUp(b.lines.places[requestKey{c.index, request}], outcome{result: gone, reason: reason})
	number, known := b.lookup(c, request)
	switch {
	case !known:
		number, _ = b.occupy(c, request)
		b.table.mark(number, b.secret())
		b.bury(number, c, reason, now)
	case b.at(number).state == entryHeld:
		b.end(number, reason, now)
	}
}

// checkin returns leases and requests of a client. What is unknown or ended already is in order. When it is refused some
// of them may have been returned: it is repeated.
func (b *book) checkin(c *client, leases []messages.LeaseID, requests []messages.RequestID, now time.Duration) error {
	for _, lease := range leases {
		if number, ok := b.owned(c, lease); ok && b.at(number).state == entryHeld {
			b.end(number, messages.Returned, now)
		}
	}
	for _, request := range requests {
		if _, known := b.lookup(c, request); !known && b.full(1) {
			return &refusal{reason: messages.Busy, message: "the server remembers too many requests", retryAfter: b.retry}
		}
		b.cancel(c, request, messages.Returned, now)
	}
	return nil
}

// why returns the reason for which a lease that a heartbeat of the client missed is not held by it. What belongs to
// somebody else is unknown to it.
func (b *book) why(c *client, lease messages.LeaseID) (reason messages.Reason, held bool) {
	number, ok := b.owned(c, lease)
	if !ok {
		return messages.Unknown, false
	}
	e := b.at(number)
	return e.reason, e.state == entryHeld
}

// expire ends up to limit leases that were last beaten before the client timeout, and reports whether there may be more.
func (b *book) expire(now time.Duration, limit int) (more bool) {
	overdue := b.table.overdue(now-b.timeout, limit)
	for _, number := range overdue {
		b.pools.all[b.at(number).pool].tally.expired++
		b.end(number, messages.Expired, now)
	}
	return len(overdue) == limit
}

// endExpired ends up to limit leases of features whose licence has run out, and reports whether there may be more.
func (b *book) endExpired(now time.Duration, limit int) (more bool) {
	for number := range b.used {
		e := b.at(number)
		if e.state != entryHeld || !b.pools.all[e.pool].expired {
			continue
		}
		if limit--; limit < 0 {
			return true
		}
		b.end(number, messages.FeatureExpired, now)
	}
	return false
}

// forget frees up to limit entries that ended two client timeouts ago, and reports whether there may be more.
func (b *book) forget(now time.Duration, limit int) (more bool) {
	for range limit {
		number, due := b.tombs.due(now - 2*b.timeout)
		if !due {
			return false
		}
		b.vacate(number)
	}
	return true
}

// vacate frees the slot of a tombstone.
func (b *book) vacate(number uint32) {
	e := b.at(number)
	b.clients.get(e.client).entries--
	delete(b.requests, requestKey{e.client, e.request})
	b.batch.Drop = append(b.batch.Drop, e.seq)
	b.table.mark(number, [12]byte{})
	*e = entry{}
	b.free = append(b.free, number)
}
