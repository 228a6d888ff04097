package server

import (
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

// The model of seat accounting: it keeps every request in one list, looks through all of it each time and knows nothing
// of slots, indexes or ledgers.
type modelRequest struct {
	client  byte
	request messages.RequestID
	lease   messages.LeaseID // zero for a request that was never granted
	feature string
	count   int
	at      time.Duration // of the last beat, or of the end
	reason  messages.Reason
}

func (r *modelRequest) held() bool { return r.reason == messages.NoReason }

type model struct {
	*bookStage
	t     *rapid.T
	seats map[string]int
	all   []*modelRequest
	// forgotten are those that were remembered long enough: a ledger that has not let go of them yet brings them back.
	forgotten []*modelRequest
}

const (
	modelTimeout = 10 * time.Second
	modelClients = 3
)

func (m *model) find(client byte, request messages.RequestID) *modelRequest {
	for _, r := range m.all {
		if r.client == client && r.request == request {
			return r
		}
	}
	return nil
}

func (m *model) used(feature string) (used int) {
	for _, r := range m.all {
		if r.held() && r.feature == feature {
			used += r.count
		}
	}
	return used
}

func (m *model) end(r *modelRequest, reason messages.Reason) { r.reason, r.at = reason, m.now }

// cancel is what a returned or replaced request does.
func (m *model) cancel(client byte, request messages.RequestID, reason messages.Reason) {
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
		if r.held() && m.now-r.at > modelTimeout {
			m.end(r, messages.Expired)
		}
		if r.held() || m.now-r.at < 2*modelTimeout {
			kept = append(kept, r)
		} else {
			m.forgotten = append(m.forgotten, r)
		}
	}
	m.all = kept
}

// take predicts the result and reason of a take, and notes the grant.
func (m *model) predict(client byte, t take) (result, messages.Reason) {
	if r := m.find(client, t.request); r != nil {
		if !r.held() {
			return gone, r.reason
		}
		if r.feature != t.feature || r.count != t.count {
			return refused, messages.Malformed
		}
		r.at = m.now
		return granted, messages.NoReason
	}
	back := 0
	for i, request := range t.replaces {
		r := m.find(client, request)
		if r == nil || namedBefore(t.replaces, i) {
			continue
		}
		if r.reason == messages.Revoked {
			return refused, messages.Revoked
		}
		if r.held() && r.feature == t.feature {
			back += r.count
		}
	}
	if _, ok := m.seats[t.feature]; !ok {
		return refused, messages.NoSuchFeature
	}
	if m.used(t.feature)-back+t.count > m.seats[t.feature] {
		return refused, messages.NoSeats
	}
	for _, request := range t.replaces {
		m.cancel(client, request, messages.Replaced)
	}
	return granted, messages.NoReason
}

func (m *model) someClient() byte { return byte(rapid.IntRange(1, modelClients).Draw(m.t, "client")) }

// someRequest is one that was used before, mostly by this client, or a new one.
func (m *model) someRequest(label string) messages.RequestID {
	if len(m.all) > 0 && rapid.IntRange(0, 3).Draw(m.t, label+" known") > 0 {
		return rapid.SampledFrom(m.all).Draw(m.t, label).request
	}
	return seats("", 0).request
}

func (m *model) someTake() take {
	t := seats(rapid.SampledFrom([]string{"a", "b", "none"}).Draw(m.t, "feature"), rapid.IntRange(1, 3).Draw(m.t, "count"))
	if rapid.IntRange(0, 4).Draw(m.t, "repeat") == 0 {
		t.request = m.someRequest("request")
	}
	for range rapid.IntRange(0, 3).Draw(m.t, "replaces") {
		if r := m.someRequest("replaced"); r != t.request {
			t.replaces = append(t.replaces, r)
		}
	}
	return t
}

func (m *model) Checkout(*rapid.T) {
	client, t := m.someClient(), m.someTake()
	result, reason := m.predict(client, t)
	o := m.take(client, t)
	require.Equal(m.t, result, o.result, "take %+v: %+v", t, o)
	require.Equal(m.t, reason, o.reason, "take %+v", t)
	if result != granted {
		return
	}
	if r := m.find(client, t.request); r != nil {
		require.Equal(m.t, r.lease, o.lease, "a repeat gets another lease")
		return
	}
	m.all = append(m.all, &modelRequest{
		client: client, request: t.request, lease: o.lease, feature: t.feature, count: t.count, at: m.now,
	})
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
	require.NoError(m.t, m.book.checkin(m.bookStage.client(client), leases, []messages.RequestID{request}, m.now))
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
	err := m.book.endLease(r.lease, messages.Revoked, m.now)
	m.commit()
	if !r.held() {
		require.ErrorIs(m.t, err, ErrNoLease)
		return
	}
	require.NoError(m.t, err)
	m.end(r, messages.Revoked)
}
