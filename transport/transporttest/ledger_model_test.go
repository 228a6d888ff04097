package transporttest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// modelLedger is a model of the ledger, as plain as possible: it has no slots and no lists, and answers every question
// by looking at all grants.
type modelLedger struct {
	now, timeout int64
	seats        map[string]int
	grants       []*modelGrant // and tombstones
}

// modelGrant is a lease, its tombstone, or the tombstone of a request.
type modelGrant struct {
	client  uint32
	request messages.RequestID
	lease   messages.LeaseID // zero for a request that never executed
	feature string
	count   int
	local   bool
	beaten  int64
	ended   int64 // 0 while it lives
	reason  messages.Reason
}

func (g *modelGrant) end(reason messages.Reason, now int64) {
	if g.ended == 0 {
		g.ended, g.reason = now, reason
	}
}

// pass lets time pass.
func (m *modelLedger) pass(d int64) {
	m.now += d
	for _, g := range m.grants {
		if g.ended == 0 && !g.local && g.beaten+m.timeout <= m.now {
			g.end(messages.Expired, g.beaten+m.timeout)
		}
	}
	m.grants = slices.DeleteFunc(m.grants, func(g *modelGrant) bool {
		return g.ended != 0 && g.ended+2*m.timeout <= m.now
	})
}

func (m *modelLedger) byRequest(client uint32, request messages.RequestID) *modelGrant {
	for _, g := range m.grants {
		if g.client == client && g.request == request {
			return g
		}
	}
	return nil
}

func (m *modelLedger) byLease(lease messages.LeaseID) *modelGrant {
	for _, g := range m.grants {
		if g.lease == lease && lease != (messages.LeaseID{}) {
			return g
		}
	}
	return nil
}

func (m *modelLedger) used(feature string) int {
	used := 0
	for _, g := range m.grants {
		if g.ended == 0 && g.feature == feature {
			used += g.count
		}
	}
	return used
}

// expect returns the expected answer to a take.
func (m *modelLedger) expect(client uint32, t transport.Take) (transport.Result, messages.Reason) {
	if g := m.byRequest(client, t.Request); g != nil {
		switch {
		case g.ended != 0:
			return transport.Gone, g.reason
		case g.feature != t.Feature || g.count != t.Count:
			return transport.Refused, messages.Malformed
		default:
			return transport.Granted, messages.NoReason
		}
	}
	free := m.seats[t.Feature] - m.used(t.Feature)
	for _, request := range slices.Compact(slices.SortedFunc(slices.Values(t.Replaces), compareRequests)) {
		g := m.byRequest(client, request)
		switch {
		case g == nil:
		case g.ended != 0 && g.reason == messages.Revoked:
			return transport.Refused, messages.Revoked
		case g.ended == 0 && g.feature == t.Feature:
			free += g.count
		}
	}
	if _, ok := m.seats[t.Feature]; !ok {
		return transport.Refused, messages.NoSuchFeature
	}
	if t.Count > free {
		return transport.Refused, messages.NoSeats
	}
	return transport.Granted, messages.NoReason
}

func compareRequests(a, b messages.RequestID) int { return slices.Compare(a[:], b[:]) }

// granted adds a grant that expect announced.
func (m *modelLedger) granted(client uint32, t transport.Take, lease messages.LeaseID, local bool) {
	for _, request := range t.Replaces {
		m.cancel(client, request, messages.Replaced)
	}
	m.grants = append(m.grants, &modelGrant{
		client: client, request: t.Request, lease: lease, feature: t.Feature, count: t.Count, local: local, beaten: m.now,
	})
}

func (m *modelLedger) cancel(client uint32, request messages.RequestID, reason messages.Reason) {
	if request == (messages.RequestID{}) {
		return
	}
	g := m.byRequest(client, request)
	if g == nil {
		g = &modelGrant{client: client, request: request}
		m.grants = append(m.grants, g)
	}
	g.end(reason, m.now)
}

// expectBeat renews leases and returns those that should be reported as ended.
func (m *modelLedger) expectBeat(client uint32, leases []messages.LeaseID) []transport.Ended {
	var gone []transport.Ended
	for _, lease := range leases {
		g := m.byLease(lease)
		switch {
		case g == nil || g.client != client:
			gone = append(gone, transport.Ended{Lease: lease, Reason: messages.Unknown})
		case g.ended != 0:
			gone = append(gone, transport.Ended{Lease: lease, Reason: g.reason})
		default:
			g.beaten = m.now
		}
	}
	return gone
}

// someLease draws a lease that was granted, or an unknown one.
func (m *modelLedger) someLease(t *rapid.T) messages.LeaseID {
	if len(m.grants) == 0 || rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		return messages.LeaseID{3: byte(rapid.IntRange(0, 20).Draw(t, "slot")), 9: 1}
	}
	return rapid.SampledFrom(m.grants).Draw(t, "lease").lease
}
