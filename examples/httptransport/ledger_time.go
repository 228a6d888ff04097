package httptransport

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// advance frees the leases that no heartbeat has named for the client timeout, and forgets tombstones after two: by then
// no request that was under way when its lease ended can still arrive. Every call comes through here first.
func (l *ledger) advance(now time.Time) {
	for _, r := range l.requests {
		age := now.Sub(r.at)
		switch {
		case r.lives() && age >= l.timeout && !l.features[r.feature].Local:
			l.end(r, messages.Expired, r.at.Add(l.timeout))
		case !r.lives() && age >= 2*l.timeout:
			delete(l.requests, r.key)
			delete(l.leases, r.lease)
		}
	}
}

// refresh gives every lease a whole client timeout: the clients could not beat while the server was down.
func (l *ledger) refresh(now time.Time) {
	for _, r := range l.requests {
		if r.lives() {
			r.at = now
		}
	}
}
