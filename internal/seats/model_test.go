package seats

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// The model of seat accounting: it keeps every request in one list, looks through all of it each time and knows nothing
// of slots, indexes or ledgers.
type modelRequest struct {
	client    byte
	request   messages.RequestID
	lease     messages.LeaseID // zero for a request that was never Granted
	feature   string
	version   messages.Version // served
	count     int
	overdrawn bool
	scope     license.Share // with whom it shared when it was Granted
	group     shareKey
	at        time.Duration // of the last beat, or of the end
	reason    messages.Reason
}

func (r *modelRequest) held() bool { return r.reason == messages.NoReason }

type model struct {
	*harness
	t     *rapid.T
	pools map[string]*modelPool
	wall  time.Time
	// fitted tells of pools that had a seat for each that was held, when last looked at.
	fitted map[string]bool
	all    []*modelRequest
	lines  map[string][]*modelPlace // by feature, first come first
	owed   map[*BlockedCall]owed    // what calls that wait no longer are to be told
	// forgotten are those that were remembered long enough: a ledger that has not let go of them yet brings them back.
	forgotten []*modelRequest
}

const (
	modelTimeout = 10 * time.Second
	modelClients = 4
)

func (m *model) find(client byte, request messages.RequestID) *modelRequest {
	for _, r := range m.all {
		if r.client == client && r.request == request {
			return r
		}
	}
	return nil
}

func (m *model) end(r *modelRequest, reason messages.Reason) { r.reason, r.at = reason, m.now }

// cancel is what a returned or replaced request does.
func (m *model) cancel(client byte, request messages.RequestID, reason messages.Reason) {
	m.leave(m.placeOf(client, request), owed{outcome: Outcome{Result: Gone, Reason: reason}})
	r := m.find(client, request)
	switch {
	case r == nil:
		m.all = append(m.all, &modelRequest{client: client, request: request, at: m.now, reason: reason})
	case r.held():
		m.end(r, reason)
	}
}

// age is what time does.
func (m *model) age() {
	var kept []*modelRequest
	for _, r := range m.all {
		switch {
		case !r.held():
		case m.now-r.at > modelTimeout:
			m.end(r, messages.Expired)
		case m.expired(r.feature):
			m.end(r, messages.FeatureExpired)
		}
		if r.held() || m.now-r.at < 2*modelTimeout {
			kept = append(kept, r)
		} else {
			m.forgotten = append(m.forgotten, r)
		}
	}
	m.all = kept
}

// predict returns what answers a take that does not wait, but for lease and message, and notes what it does.
func (m *model) predict(client byte, t Take) Outcome {
	m.leave(m.placeOf(client, t.Request), owed{err: ErrOvertaken})
	if r := m.find(client, t.Request); r != nil {
		switch {
		case !r.held():
			return Outcome{Result: Gone, Reason: r.reason}
		case r.feature != t.Feature || r.count != t.Count:
			return no(messages.Malformed)
		}
		r.at = m.now
		return Outcome{Result: Granted, Version: r.version, Overdrawn: r.overdrawn}
	}
	return m.decide(client, t, false)
}

func no(reason messages.Reason) Outcome { return Outcome{Result: Refused, Reason: reason} }

// decide predicts what a take of a request that is not known comes to, and notes it.
func (m *model) decide(client byte, t Take, first bool) Outcome {
	r, o := m.judge(client, t, first)
	if o.Result != Granted {
		return o
	}
	for _, request := range t.Replaces {
		m.cancel(client, request, messages.Replaced)
	}
	m.all = append(m.all, r)
	return o
}

// judge predicts the same and changes nothing. A grant comes with its request.
func (m *model) judge(client byte, t Take, first bool) (*modelRequest, Outcome) {
	var back []*modelRequest
	for i, request := range t.Replaces {
		r := m.find(client, request)
		if r == nil || slices.Contains(t.Replaces[:i], request) {
			continue
		}
		if r.reason == messages.Revoked {
			return nil, no(messages.Revoked)
		}
		if r.held() {
			back = append(back, r)
		}
	}
	version, reason := m.served(t)
	if reason != messages.NoReason {
		return nil, no(reason)
	}
	r := &modelRequest{client: client, request: t.Request, feature: t.Feature, version: version, count: t.Count, at: m.now}
	if scope := m.pools[t.Feature].share; modelGroups(client)[scope] != (shareKey{}) {
		r.scope, r.group = scope, modelGroups(client)[scope]
	}
	short, past, further := m.crowded(r, back)
	if short || further && !first && len(m.lines[t.Feature]) > 0 {
		return nil, no(messages.NoSeats)
	}
	r.overdrawn = past
	return r, Outcome{Result: Granted, Version: version, Overdrawn: past}
}

// modelGroups says who shares with whom: the first two clients are one user, the second and the third are on one host,
// and the last has not said who it is.
func modelGroups(client byte) ShareKeys {
	return [...]ShareKeys{
		{license.ShareUser: {1}, license.ShareHost: {1}}, {license.ShareUser: {1}, license.ShareHost: {2}}, {license.ShareUser: {2}, license.ShareHost: {2}}, {},
	}[client-1]
}

func (m *model) someClient() byte { return byte(rapid.IntRange(1, modelClients).Draw(m.t, "client")) }

// someRequest is one that was used before, mostly by this client, or a new one.
func (m *model) someRequest(label string) messages.RequestID {
	if len(m.all) > 0 && rapid.IntRange(0, 3).Draw(m.t, label+" known") > 0 {
		return rapid.SampledFrom(m.all).Draw(m.t, label).request
	}
	return seats("", 0).Request
}

func (m *model) someTake() Take {
	t := seats(rapid.SampledFrom([]string{"a", "b", "none"}).Draw(m.t, "feature"), rapid.IntRange(1, 3).Draw(m.t, "count"))
	t.Version, t.Exact = m.someVersion(), rapid.IntRange(0, 4).Draw(m.t, "exact") == 0
	if rapid.IntRange(0, 4).Draw(m.t, "repeat") == 0 {
		t.Request = m.someRequest("request")
	}
	for range rapid.IntRange(0, 3).Draw(m.t, "replaces") {
		if r := m.someRequest("replaced"); r != t.Request {
			t.Replaces = append(t.Replaces, r)
		}
	}
	return t
}

func (m *model) Checkout(*rapid.T) {
	client, t := m.someClient(), m.someTake()
	want := m.predict(client, t)
	m.answer(client, t, want, m.take(client, t))
}

// answer claims that a take was answered as predicted, and notes the lease of a grant.
func (m *model) answer(client byte, t Take, want, o Outcome) {
	got := o
	got.Lease, got.Message = messages.LeaseID{}, ""
	require.Equal(m.t, want, got, "take %+v: %+v", t, o)
	if o.Result != Granted {
		return
	}
	r := m.find(client, t.Request)
	if r.lease == (messages.LeaseID{}) {
		r.lease = o.Lease
	}
	require.Equal(m.t, r.lease, o.Lease, "a repeat gets another lease")
}

func (m *model) Checkin(*rapid.T) {
	client := m.someClient()
	var leases []messages.LeaseID
	for range rapid.IntRange(0, 2).Draw(m.t, "leases") {
		if len(m.all) > 0 {
			r := rapid.SampledFrom(m.all).Draw(m.t, "lease")
			leases = append(leases, r.lease)
			if r.client == client && r.held() {
				m.end(r, messages.Returned)
			}
		}
	}
	request := m.someRequest("request")
	m.cancel(client, request, messages.Returned)
	require.NoError(m.t, m.allocator.Checkin(m.harness.client(client), leases, []messages.RequestID{request}, m.now))
	m.commit()
}

func (m *model) Beat(*rapid.T) {
	client := m.someClient()
	for _, r := range m.all {
		if r.lease == (messages.LeaseID{}) || rapid.Bool().Draw(m.t, "skip") {
			continue
		}
		reason, held := m.beat(client, r.lease)
		switch {
		case r.client != client:
			require.False(m.t, held)
			require.Equal(m.t, messages.Unknown, reason, "another client's lease")
		case r.held():
			require.True(m.t, held, "ended as %s", reason)
			r.at = m.now
		default:
			require.Equal(m.t, r.reason, reason)
		}
	}
}

func (m *model) Revoke(*rapid.T) {
	if len(m.all) == 0 {
		return
	}
	r := rapid.SampledFrom(m.all).Draw(m.t, "revoked")
	err := m.allocator.End(r.lease, messages.Revoked, m.now)
	m.commit()
	if !r.held() {
		require.ErrorIs(m.t, err, ErrNoLease)
		return
	}
	require.NoError(m.t, err)
	m.end(r, messages.Revoked)
}
