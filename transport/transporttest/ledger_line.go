package transporttest

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// place is a take that waits in the line of its pool.
type place struct {
	client uint32
	take   transport.Take
	call   *heldCall // that waits for it; nil while none does
	left   int64     // since when none does
}

// heldCall is a call of a session that is answered when its place is decided.
type heldCall struct {
	session uint64
	until   int64
	answer  func(transport.Outcome, error) // called once, with the lock of the server held
}

// stillInLine is how soon a client whose wait is over is asked to come back.
const stillInLine = 1e6 // nanoseconds

// wait answers a take that may wait, or leaves the call in the line and reports false.
func (l *ledger) wait(client uint32, t *transport.Take, call *heldCall, now int64) (transport.Outcome, bool) {
	if !wellFormed(t) {
		return refused(t, messages.Malformed), true
	}
	if pl := l.placeOf(client, t.Request); pl != nil {
		switch {
		case pl.take.Feature != t.Feature || pl.take.Count != t.Count:
			return refused(t, messages.Malformed), true // the id was used for other seats
		case l.unserved(&pl.take) == messages.NoReason:
			pl.hangUp(ErrSuperseded, now)
			pl.call = call
			return transport.Outcome{}, false
		}
	}
	o := l.take(client, t, now)
	p := l.pool(t.Feature)
	if o.Reason != messages.NoSeats || t.Count > p.most() {
		return o, true
	}
	waiting := *t
	waiting.Replaces = slices.Clone(t.Replaces)
	p.line = append(p.line, &place{client: client, take: waiting, call: call})
	return transport.Outcome{}, false
}

func (l *ledger) placeOf(client uint32, request messages.RequestID) *place {
	for i := range l.pools {
		for _, pl := range l.pools[i].line {
			if pl.client == client && pl.take.Request == request {
				return pl
			}
		}
	}
	return nil
}

// leaveLine gives up the place of a request, if it has one. A call that waits for it is told so.
func (l *ledger) leaveLine(client uint32, request messages.RequestID, o transport.Outcome) {
	for i := range l.pools {
		p := &l.pools[i]
		p.line = slices.DeleteFunc(p.line, func(pl *place) bool {
			leaves := pl.client == client && pl.take.Request == request
			if leaves && pl.call != nil {
				pl.call.answer(o, nil)
			}
			return leaves
		})
	}
}

// hangUp ends the call of a place; the place is kept for a while.
func (pl *place) hangUp(err error, now int64) {
	if pl.call != nil {
		pl.call.answer(transport.Outcome{}, err)
		pl.call, pl.left = nil, now
	}
}

// hangUpOlder ends the calls of a client's earlier sessions.
func (l *ledger) hangUpOlder(client uint32, session uint64, now int64) {
	l.eachPlace(func(pl *place) {
		if pl.client == client && pl.call != nil && pl.call.session < session {
			pl.hangUp(ErrSuperseded, now)
		}
	})
}

func (l *ledger) eachPlace(do func(*place)) {
	for i := range l.pools {
		for _, pl := range l.pools[i].line {
			do(pl)
		}
	}
}

// forgetLines: nobody waits any more, as after a restart.
func (l *ledger) forgetLines() {
	for i := range l.pools {
		l.pools[i].line = nil
	}
}

// serveLines grants what can be granted to those who are first, answers waits that are over, and drops the places of
// those who did not come back. It returns when it is to be called again at the latest, 0 when nobody waits.
func (l *ledger) serveLines(now int64) (next int64) {
	for i := range l.pools {
		p := &l.pools[i]
		p.line = slices.DeleteFunc(p.line, func(pl *place) bool { return pl.call == nil && pl.left+l.placeKept() <= now })
		for len(p.line) > 0 && l.serveFirst(p, now) {
			p.line = p.line[1:]
		}
		for _, pl := range p.line {
			next = earlier(next, l.expire(pl, now))
		}
		if slot := l.aging.head; slot != 0 && len(p.line) > 0 {
			next = earlier(next, l.records[slot].at+l.timeout)
		}
	}
	return next
}

// expire answers the call of a place when its wait is over, and returns when the place needs to be looked at again.
func (l *ledger) expire(pl *place, now int64) int64 {
	if pl.call != nil && pl.call.until <= now {
		still := refused(&pl.take, messages.NoSeats)
		still.RetryAfter = stillInLine
		pl.call.answer(still, nil)
		pl.call, pl.left = nil, now
	}
	if pl.call == nil {
		return pl.left + l.placeKept()
	}
	return pl.call.until
}

func (l *ledger) placeKept() int64 {
	return int64(transport.Hello{ClientTimeout: time.Duration(l.timeout)}.PlaceKept())
}

func earlier(a, b int64) int64 {
	if a == 0 || b < a {
		return b
	}
	return a
}

// serveFirst decides about the first place of a line and reports whether it did: what is not served any more is refused,
// and nothing is granted while no call waits for it.
func (l *ledger) serveFirst(p *pool, now int64) bool {
	pl := p.line[0]
	var o transport.Outcome
	switch reason := l.unserved(&pl.take); {
	case reason != messages.NoReason:
		o = refused(&pl.take, reason)
	case pl.call == nil || p.used+p.others-l.freedBy(pl.client, &pl.take)+pl.take.Count > p.most():
		return false
	default:
		l.replace(pl.client, &pl.take, now)
		o = l.grant(pl.client, &pl.take, now)
	}
	if pl.call != nil {
		pl.call.answer(o, nil)
	}
	return true
}
