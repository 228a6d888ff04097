package httptransport

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// requestKey scopes a request id by its client: two clients may draw the same.
type requestKey struct{ client, request id }

// record is a lease, or the tombstone of one, or of a request that was cancelled before it arrived.
type record struct {
	key     requestKey
	lease   id // zero: the request was never executed
	feature string
	count   int
	version messages.Version
	reason  messages.Reason // why it ended; NoReason while it lives
	at      time.Time       // of the last heartbeat while it lives, of its end after that
}

func (r *record) lives() bool { return r.reason == messages.NoReason }

// ledger is who holds which seats.
type ledger struct {
	features map[string]Feature
	used     map[string]int // seats, by feature
	requests map[requestKey]*record
	leases   map[id]*record
	timeout  time.Duration // of clients
}

func newLedger(features map[string]Feature) *ledger {
	return &ledger{
		features: features, used: map[string]int{}, timeout: 5 * time.Minute,
		requests: map[requestKey]*record{}, leases: map[id]*record{},
	}
}

// take answers one take. A request that is known is not executed again; any other is granted and what it replaces freed
// in one step, or nothing changes.
func (l *ledger) take(client id, t *take, now time.Time) outcome {
	if !wellFormed(t) {
		return refused(messages.Malformed)
	}
	if r := l.requests[requestKey{client, t.Request}]; r != nil {
		return l.repeated(r, t)
	}
	freed, revoked := l.freedBy(client, t)
	feature, served := l.features[t.Feature]
	switch {
	case revoked:
		return refused(messages.Revoked)
	case !served:
		return refused(messages.NoSuchFeature)
	case !feature.Version.Serves(t.Version, t.Exact):
		return refused(messages.VersionTooLow)
	case l.used[t.Feature]-freed+t.Count > feature.Seats:
		return refused(messages.NoSeats)
	}
	for _, request := range t.Replaces {
		l.giveUp(requestKey{client, request}, messages.Replaced, now)
	}
	r := &record{
		key: requestKey{client, t.Request}, feature: t.Feature, count: t.Count, version: feature.Version, at: now,
	}
	_, _ = rand.Read(r.lease[:]) // never fails; never used again, so that the id is its own fence
	l.requests[r.key], l.leases[r.lease] = r, r
	l.used[r.feature] += r.count
	return l.granted(r)
}

func wellFormed(t *take) bool {
	return t.Request != id{} && t.Count >= 1 && t.Count <= messages.MaxCount &&
		len(t.Replaces) <= transport.MaxReplaces && !slices.Contains(t.Replaces, t.Request)
}

func refused(reason messages.Reason) outcome { return outcome{Result: "refused", Reason: reason} }

func (l *ledger) granted(r *record) outcome {
	return outcome{Result: "granted", Lease: r.lease, Version: r.version, Local: l.features[r.feature].Local}
}

// repeated answers a request that was seen before.
func (l *ledger) repeated(r *record, t *take) outcome {
	switch {
	case !r.lives():
		return outcome{Result: "gone", Reason: r.reason}
	case r.feature != t.Feature || r.count != t.Count:
		return refused(messages.Malformed) // the id was used for other seats
	default:
		return l.granted(r)
	}
}

// freedBy returns how many seats of its own feature a take frees by what it replaces, each request counted once, and
// whether it names a lease that was revoked.
func (l *ledger) freedBy(client id, t *take) (seats int, revoked bool) {
	distinct := slices.SortedFunc(slices.Values(t.Replaces), func(a, b id) int { return bytes.Compare(a[:], b[:]) })
	for _, request := range slices.Compact(distinct) {
		r := l.requests[requestKey{client, request}]
		switch {
		case r == nil:
		case r.reason == messages.Revoked:
			revoked = true
		case r.lives() && r.feature == t.Feature:
			seats += r.count
		}
	}
	return seats, revoked
}

// giveUp ends what was granted to a request. One that is not known becomes a tombstone: if it still arrives, it is not
// executed.
func (l *ledger) giveUp(key requestKey, reason messages.Reason, now time.Time) {
	r := l.requests[key]
	switch {
	case key.request == id{}:
	case r == nil:
		l.requests[key] = &record{key: key, reason: reason, at: now}
	case r.lives():
		l.end(r, reason, now)
	}
}

// end frees the seats of a lease and leaves its tombstone.
func (l *ledger) end(r *record, reason messages.Reason, now time.Time) {
	l.used[r.feature] -= r.count
	r.reason, r.at = reason, now
}

// beat renews a lease of a client, or returns why there is none. Another client's is unknown.
func (l *ledger) beat(client, lease id, now time.Time) messages.Reason {
	r := l.leases[lease]
	if r == nil || r.key.client != client {
		return messages.Unknown
	}
	if r.lives() {
		r.at = now
	}
	return r.reason
}

// giveBack takes back what a client returns, by lease, by request, or both. What is unknown or ended stays as it is.
func (l *ledger) giveBack(client id, back seatsReturn, now time.Time) {
	if r := l.leases[back.Lease]; r != nil && r.key.client == client && r.lives() {
		l.end(r, messages.Returned, now)
	}
	l.giveUp(requestKey{client, back.Request}, messages.Returned, now)
}

func (l *ledger) revoke(lease id, now time.Time) {
	if r := l.leases[lease]; r != nil && r.lives() {
		l.end(r, messages.Revoked, now)
	}
}
