package seats

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// The model of the allocator keeps every request in one list, and searches the whole list each time. It knows nothing of
// slots, indexes or ledgers.
type modelRequest struct {
	client    byte
	request   messages.RequestID
	lease     messages.LeaseID // zero for a request that was never granted
	feature   string
	version   messages.Version // served
	count     int
	overdrawn bool
	scope     license.Share // with whom it shared when it was granted
	group     shareKey
	until     time.Time     // when the licence ends that granted it; zero when it never does
	at        time.Duration // of the last beat, or of the end
	reason    messages.Reason
}

func (r *modelRequest) held() bool { return r.reason == messages.NoReason }

type model struct {
	*harness
	t     *rapid.T
	pools map[string]*modelPool
	wall  time.Time
	// fitted says which pools had a seat for each seat that was held, at the last Check.
	fitted map[string]bool
	all    []*modelRequest
	queues map[string][]*modelWaiter // by feature, first come, first served
	owed   map[*BlockedCall]owed     // the answers that blocked calls have to get
	// forgotten are requests that were remembered long enough. A ledger that has not removed them yet brings them back.
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

// cancel ends the lease of a returned or replaced request, or leaves a tombstone.
func (m *model) cancel(client byte, request messages.RequestID, reason messages.Reason) {
	m.leave(m.waiterOf(client, request), owed{outcome: Outcome{Result: Gone, Reason: reason}})
	r := m.find(client, request)
	switch {
	case r == nil:
		m.all = append(m.all, &modelRequest{client: client, request: request, at: m.now, reason: reason})
	case r.held():
		m.end(r, reason)
	}
}

// expireLeases ends and forgets what is due.
func (m *model) expireLeases() {
	m.expireOutlived()
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

// predict returns the answer to a take that does not wait, without lease and message, and notes its effects.
func (m *model) predict(client byte, t Take) Outcome {
	m.leave(m.waiterOf(client, t.Request), owed{err: ErrOvertaken})
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

// decide predicts the answer to a take whose request is not known, and notes its effects.
func (m *model) decide(client byte, t Take, first bool) Outcome {
	r, o := m.evaluate(client, t, first)
	if o.Result != Granted {
		return o
	}
	for _, request := range t.Replaces {
		m.cancel(client, request, messages.Replaced)
	}
	m.all = append(m.all, r)
	return o
}

// evaluate predicts the same without effects. A grant comes with its request.
func (m *model) evaluate(client byte, t Take, first bool) (*modelRequest, Outcome) {
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
	short, past, further := m.checkSeats(r, back)
	if short || further && !first && len(m.queues[t.Feature]) > 0 {
		return nil, no(messages.NoSeats)
	}
	r.overdrawn, r.until = past, m.until(r.feature, version)
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

// someRequest draws a request that was used before, or a new one.
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

// answer claims that a take got the predicted answer, and notes the lease of a grant.
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
