package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// scope is the kind of call that a retry-after of the server holds back.
type scope uint8

const (
	// connectsAndBeats are connects and heartbeats.
	connectsAndBeats scope = iota
	// takesAndReturns are calls that ask for seats or return them.
	takesAndReturns
)

// throttle is the one place where a connection keeps what the server asked it to wait for (rules 10 and 18): every
// retry-after is here, and the pauses for a server whose identity keeps changing. A refusal of one take holds back the
// checkout that the take was for; every other refusal holds back a whole scope.
type throttle struct {
	server  protocol.Instant            // earliest time of the next connect or heartbeat
	calls   protocol.Instant            // earliest time of the next take or return
	claims  map[uint64]protocol.Instant // by claim ID: earliest time of a new first or failover take
	repeats map[uint64]protocol.Instant // by claim ID: earliest time to repeat the pending take
}

func newThrottle() throttle {
	return throttle{claims: make(map[uint64]protocol.Instant), repeats: make(map[uint64]protocol.Instant)}
}

// rebuilt returns the throttle of the machine that replaces one that panicked. Only the retry-afters that concern the
// whole server are kept.
func (t *throttle) rebuilt() throttle {
	n := newThrottle()
	n.server, n.calls = t.server, t.calls
	return n
}

// until returns when a new take of a checkout may be sent.
func (t *throttle) until(claim uint64) protocol.Instant {
	return protocol.Later(t.calls, t.claims[claim])
}

// allows reports whether a call of this scope may be made now.
func (t *throttle) allows(now protocol.Instant, what scope) bool { return !now.Before(*t.end(what)) }

// hold makes a scope wait at least until an instant.
func (t *throttle) hold(what scope, until protocol.Instant) {
	end := t.end(what)
	*end = protocol.Later(*end, until)
}

// replace makes a scope wait until an instant, even if that is earlier than before: the refusal of a connect is newer.
func (t *throttle) replace(what scope, until protocol.Instant) { *t.end(what) = until }

func (t *throttle) end(what scope) *protocol.Instant {
	if what == connectsAndBeats {
		return &t.server
	}
	return &t.calls
}

// holdClaim makes the next take of a checkout wait, holdRepeat the repetition of its pending take.
func (t *throttle) holdClaim(claim uint64, until protocol.Instant)  { t.claims[claim] = until }
func (t *throttle) holdRepeat(claim uint64, until protocol.Instant) { t.repeats[claim] = until }

// repeatAfter returns when the pending take of a checkout may be repeated, and whether that is later than now.
func (t *throttle) repeatAfter(now protocol.Instant, claim uint64) (protocol.Instant, bool) {
	until := t.repeats[claim]
	return until, now.Before(until)
}

// forgetClaim is called when a checkout has its seats, or wants none here any more.
func (t *throttle) forgetClaim(claim uint64) { delete(t.claims, claim) }

// forgetRepeat is called when the pending take of a checkout is over.
func (t *throttle) forgetRepeat(claim uint64) { delete(t.repeats, claim) }

// capRetryAfter bounds a pause that the server asked for to a third of the client timeout (rule 18).
func capRetryAfter(asked, clientTimeout time.Duration) time.Duration {
	if clientTimeout <= 0 {
		clientTimeout = defaultClientTimeout
	}
	return min(asked, clientTimeout/3)
}

// retryAfterOf returns until when a refusal asks to wait; zero when it does not, and for an error that is no refusal.
func retryAfterOf(now protocol.Instant, hello transport.Hello, err error) protocol.Instant {
	r := transport.AsRefusal(err)
	if r == nil || r.RetryAfter <= 0 {
		return protocol.Instant{}
	}
	return now.After(capRetryAfter(r.RetryAfter, hello.ClientTimeout))
}

// defaultClientTimeout stands in for the client timeout of a server that was never reached.
const defaultClientTimeout = 5 * time.Minute
