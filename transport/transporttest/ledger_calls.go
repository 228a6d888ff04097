package transporttest

import (
	"slices"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// take answers one take of a client. What it Replaces is freed and the seats are granted in one step, or neither.
func (l *ledger) take(client uint32, t *transport.Take, now int64) transport.Outcome {
	if !wellFormed(t) {
		return refused(t, messages.Malformed)
	}
	if slot := l.requests[requestKey{t.Request, client}]; slot != 0 {
		return l.repeated(t, slot)
	}
	l.leaveLine(client, t.Request, refused(t, messages.NoSeats)) // repeated without a wait
	if l.namesRevoked(client, t) {
		return refused(t, messages.Revoked)
	}
	if reason := l.unserved(t); reason != messages.NoReason {
		return refused(t, reason)
	}
	if l.crowded(client, t) {
		return refused(t, messages.NoSeats)
	}
	l.replace(client, t, now)
	return l.grant(client, t, now)
}

// unserved returns why no seat that comes back will ever do, or NoReason.
func (l *ledger) unserved(t *transport.Take) messages.Reason {
	p := l.pool(t.Feature)
	switch {
	case p == nil || p.withdrawn:
		return messages.NoSuchFeature
	case !p.version.Serves(t.Version, t.Exact):
		return messages.VersionTooLow
	case t.Count > p.most():
		return messages.NoSeats
	default:
		return messages.NoReason
	}
}

// crowded reports whether too few seats are free, or all that are free are for those in line. What takes no more than it
// gives back goes ahead of them.
func (l *ledger) crowded(client uint32, t *transport.Take) bool {
	p, freed := l.pool(t.Feature), l.freedBy(client, t)
	return p.used+p.others-freed+t.Count > p.most() || len(p.line) > 0 && freed < t.Count
}

// most is how many seats are granted, overdraft included.
func (p *pool) most() int { return p.seats + p.overdraft }

func (l *ledger) replace(client uint32, t *transport.Take, now int64) {
	for _, request := range t.Replaces {
		l.giveUp(client, request, messages.Replaced, now)
	}
}

func wellFormed(t *transport.Take) bool {
	return t.Request != messages.RequestID{} && t.Count >= 1 && t.Count <= messages.MaxCount &&
		len(t.Replaces) <= transport.MaxReplaces && !slices.Contains(t.Replaces, t.Request)
}

func refused(t *transport.Take, reason messages.Reason) transport.Outcome {
	return transport.Outcome{Request: t.Request, Result: transport.Refused, Reason: reason}
}

// repeated answers a request that was seen before, without executing it.
func (l *ledger) repeated(t *transport.Take, slot uint32) transport.Outcome {
	r := &l.records[slot]
	if r.state == ended {
		return transport.Outcome{Request: t.Request, Result: transport.Gone, Reason: r.reason}
	}
	if l.pools[r.pool].feature != t.Feature || int(r.count) != t.Count {
		return refused(t, messages.Malformed) // the id was used for other seats
	}
	return l.granted(slot)
}

func (l *ledger) namesRevoked(client uint32, t *transport.Take) bool {
	return slices.ContainsFunc(t.Replaces, func(request messages.RequestID) bool {
		slot := l.requests[requestKey{request, client}]
		return slot != 0 && l.records[slot].state == ended && l.records[slot].reason == messages.Revoked
	})
}

// freedBy returns how many seats of its own feature a take frees by what it replaces.
func (l *ledger) freedBy(client uint32, t *transport.Take) int {
	seats := 0
	for i, request := range t.Replaces {
		slot := l.requests[requestKey{request, client}]
		if slot == 0 || !l.lives(slot) || slices.Contains(t.Replaces[:i], request) {
			continue
		}
		if r := &l.records[slot]; l.pools[r.pool].feature == t.Feature {
			seats += int(r.count)
		}
	}
	return seats
}

func (l *ledger) grant(client uint32, t *transport.Take, now int64) transport.Outcome {
	slot := l.add(client, t.Request)
	r := &l.records[slot]
	r.pool, r.count, r.at = l.names[t.Feature], int32(t.Count), now
	p := &l.pools[r.pool]
	r.major, r.minor = uint16(p.version.Major), uint16(p.version.Minor)
	p.used += t.Count
	r.overdrawn = p.used+p.others > p.seats
	if p.local {
		r.state = local
	} else {
		r.state = held
		l.push(&l.aging, slot)
	}
	return l.granted(slot)
}

func (l *ledger) granted(slot uint32) transport.Outcome {
	r := &l.records[slot]
	return transport.Outcome{
		Request:   r.request,
		Result:    transport.Granted,
		Lease:     l.id(slot),
		Version:   messages.V(int(r.major), int(r.minor)),
		Local:     r.state == local,
		Overdraft: r.overdrawn,
	}
}

// giveUp ends what was granted to a request of a client. When the request is not known it leaves a tombstone, so that
// the request is never executed, should it still arrive.
func (l *ledger) giveUp(client uint32, request messages.RequestID, reason messages.Reason, now int64) {
	if request == (messages.RequestID{}) {
		return
	}
	l.leaveLine(client, request, transport.Outcome{Result: transport.Gone, Reason: reason})
	slot := l.requests[requestKey{request, client}]
	switch {
	case slot == 0:
		l.bury(l.add(client, request), reason, now)
	case l.lives(slot):
		l.end(slot, reason, now)
	}
}

// beat renews the leases of a client and returns those that it does not hold. It is the one call that a test of a
// million leases makes often: nothing is allocated for a lease that is held.
func (l *ledger) beat(client uint32, leases []messages.LeaseID, now int64) []transport.Ended {
	var gone []transport.Ended
	for i := range leases {
		slot := l.find(&leases[i])
		r := &l.records[slot]
		switch {
		case slot == 0 || r.client != client:
			gone = append(gone, transport.Ended{Lease: leases[i], Reason: messages.Unknown})
		case r.state == held:
			r.at = now
			l.unlink(&l.aging, slot)
			l.push(&l.aging, slot)
		case r.state == ended:
			gone = append(gone, transport.Ended{Lease: leases[i], Reason: r.reason})
		}
	}
	return gone
}

// giveBack takes back what a client returns. What is unknown, ended or another client's stays as it is.
func (l *ledger) giveBack(client uint32, back *transport.Return, now int64) {
	if slot := l.find(&back.Lease); slot != 0 && l.records[slot].client == client && l.lives(slot) {
		l.end(slot, messages.Returned, now)
	}
	l.giveUp(client, back.Request, messages.Returned, now)
}
