package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// dialer knows how the server is reached: the session in use, the connect under way, and when to try again (rule 15).
type dialer struct {
	jitter  jitter
	session transport.Session // nil: there is none that can be trusted
	closed  transport.Session // the session that was closed last; nil: none
	retired transport.Session // a session that was doubted and replaced, until the calls on it have ended; nil: none
	proven  bool              // a call on the session was answered, and no connect was begun beside it since
	heard   protocol.Instant  // when a call on the session was last answered
	attempt *attempt          // the connect under way; nil: none
	wanted  bool              // something new waits for the server: connect without waiting for retryAt
	retries int               // pauses drawn since the server last answered
	retryAt protocol.Instant  // the planned retry: of a connect, a recovering heartbeat, or a postponed one; zero: none
}

// attempt is a connect under way.
type attempt struct {
	seq        uint64
	began      protocol.Instant
	generation uint64 // of the peer when the connect began
}

// retryNow asks for a connect without waiting for the planned retry.
func (d *dialer) retryNow() { d.wanted = true }

// rest takes back retryNow: nothing waits for a connect.
func (d *dialer) rest() { d.wanted = false }

// waitUntil takes back retryNow and plans the retry for an instant.
func (d *dialer) waitUntil(at protocol.Instant) { d.wanted, d.retryAt = false, at }

// begin notes that a connect is under way.
func (d *dialer) begin(now protocol.Instant, seq, generation uint64) {
	d.wanted, d.proven, d.attempt = false, false, &attempt{seq: seq, began: now, generation: generation}
}

// beside reports whether a connect is under way while a session is in use. When the server has got it, it lets go of that
// session, so that calls on the session may fail because of this connection.
func (d *dialer) beside() bool { return d.session != nil && d.attempt != nil }

// answeredOver notes that a call was answered over a session.
func (d *dialer) answeredOver(s transport.Session, now protocol.Instant) {
	if s == d.session {
		d.proven, d.heard = true, now
	}
}

// completed ends the connect under way and returns it. It returns nil for a connect that nobody waits for.
func (d *dialer) completed(seq uint64) *attempt {
	done := d.attempt
	if done == nil || done.seq != seq {
		return nil
	}
	d.attempt = nil
	return done
}

// use replaces the session and returns the old one, which is to be closed; nil if there is no other.
func (d *dialer) use(s transport.Session) transport.Session {
	old := d.session
	d.session, d.proven = s, false
	if old == s {
		return nil
	}
	if old != nil {
		d.closed = old
	}
	return old
}

// abandon stops using a session, which is to be closed, and reports whether it was in use.
func (d *dialer) abandon(s transport.Session) bool {
	inUse := d.drop(s)
	if inUse {
		d.closed = s
	}
	return inUse
}

// retire keeps a session until the calls on it have ended, and returns the one that was kept before.
func (d *dialer) retire(s transport.Session) (before transport.Session) {
	before, d.retired = d.retired, s
	return before
}

// drop stops using a session, and reports whether it was in use.
func (d *dialer) drop(s transport.Session) bool {
	if s == nil || d.session != s {
		return false
	}
	d.session = nil
	return true
}

// plan plans a retry. The pause grows with each retry, and ends no earlier than the server's retry-after. A retry that
// is planned already stays as it is.
func (d *dialer) plan(now, notBefore protocol.Instant) {
	if d.planned() {
		return
	}
	pause := d.jitter.pause(d.retries)
	d.retries++
	d.retryAt = protocol.Later(now.After(pause), notBefore)
}

// planned reports whether a retry is planned.
func (d *dialer) planned() bool { return d.retryAt != (protocol.Instant{}) }

// planAt replaces the planned retry, planBy makes sure that it is not later than an instant, unplan removes it.
func (d *dialer) planAt(at protocol.Instant) { d.retryAt = at }
func (d *dialer) planBy(at protocol.Instant) { d.retryAt = protocol.Sooner(d.retryAt, at) }
func (d *dialer) unplan()                    { d.retryAt = protocol.Instant{} }

// due reports whether the planned retry is due. If so, the plan is cleared and a connect is wanted.
func (d *dialer) due(now protocol.Instant) bool {
	if !protocol.Passed(now, d.retryAt) {
		return false
	}
	d.wanted, d.retryAt = true, protocol.Instant{}
	return true
}

// answered notes that the server answered: the pauses start small again.
func (d *dialer) answered() { d.retries = 0 }
