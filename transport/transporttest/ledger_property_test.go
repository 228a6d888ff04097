package transporttest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// ledgerMachine makes the same calls of a ledger and of its model.
type ledgerMachine struct {
	ledger  *ledger
	model   *modelLedger
	clients []uint32
	before  map[string]int // seats in use at the last check
}

func TestLedgerDoesWhatItsModelDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const timeout = 100
		m := &ledgerMachine{before: map[string]int{}, ledger: newLedger(timeout), model: &modelLedger{
			now: 1, timeout: timeout, seats: map[string]int{},
		}}
		m.ledger.advance(m.model.now)
		for _, feature := range []string{"f", "g", "local"} {
			m.setSeats(feature, 3)
		}
		m.ledger.pools.find("local").markLocal()
		for i := range byte(3) {
			m.clients = append(m.clients, m.ledger.clients.number([16]byte{i}))
		}
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"take":    m.take,
			"take2":   m.take, // as often as time passes and leases end
			"beat":    m.beat,
			"checkin": m.checkin,
			"end":     m.end,
			"pass":    m.pass,
			"restart": m.restart,
			"seats":   m.changeSeats,
		})
	})
}

// check compares the seats in use, and asserts that none is granted beyond the seats of the feature. After SetSeats
// there may be more in use than seats, but never more than before.
func (m *ledgerMachine) check(t *rapid.T) {
	for _, p := range m.ledger.pools.all {
		if want := m.model.used(p.feature); p.inUse() != want {
			t.Fatalf("%s: %d seats in use, want %d", p.feature, p.inUse(), want)
		}
		if used := p.inUse(); used > p.seats && used > m.before[p.feature] {
			t.Fatalf("%s: %d seats in use of %d", p.feature, used, p.seats)
		}
		m.before[p.feature] = p.inUse()
	}
	if got, want := len(m.ledger.leases.requests), len(m.model.grants); got != want {
		t.Fatalf("%d requests remembered, want %d", got, want)
	}
}

func (m *ledgerMachine) someRequest(t *rapid.T) messages.RequestID {
	return messages.RequestID{byte(rapid.IntRange(0, 12).Draw(t, "request"))}
}

func (m *ledgerMachine) someClient(t *rapid.T) uint32 {
	return rapid.SampledFrom(m.clients).Draw(t, "client")
}

func (m *ledgerMachine) take(t *rapid.T) {
	client := m.someClient(t)
	take := transport.Take{
		Request: messages.RequestID{byte(rapid.IntRange(1, 12).Draw(t, "request"))},
		Feature: rapid.SampledFrom([]string{"f", "g", "local", "none"}).Draw(t, "feature"),
		Count:   rapid.IntRange(1, 3).Draw(t, "count"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "replaces") {
		if request := m.someRequest(t); request != take.Request {
			take.Replaces = append(take.Replaces, request)
		}
	}
	known := m.model.byRequest(client, take.Request)
	result, reason := m.model.expect(client, take)
	got := m.ledger.take(client, &take)
	if got.Result != result || got.Reason != reason {
		t.Fatalf("take %v: %d %s, want %d %s", take, got.Result, got.Reason, result, reason)
	}
	switch {
	case result != transport.Granted:
	case known != nil && got.Lease != known.lease:
		t.Fatalf("a repeat got %v, want %v", got.Lease, known.lease)
	case known == nil:
		if m.model.byLease(got.Lease) != nil {
			t.Fatalf("lease %v was granted before", got.Lease)
		}
		m.model.granted(client, take, got.Lease, take.Feature == "local")
		if got.Local != (take.Feature == "local") {
			t.Fatalf("local: %v", got.Local)
		}
	}
}

func (m *ledgerMachine) beat(t *rapid.T) {
	client := m.someClient(t)
	leases := rapid.SliceOfN(rapid.Custom(m.model.someLease), 0, 6).Draw(t, "leases")
	want, got := m.model.expectBeat(client, leases), m.ledger.beat(client, leases)
	if len(got) != len(want) {
		t.Fatalf("ended %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("ended %v, want %v", got, want)
		}
	}
}

func (m *ledgerMachine) checkin(t *rapid.T) {
	client := m.someClient(t)
	back := transport.Return{Request: m.someRequest(t)}
	if rapid.Bool().Draw(t, "by lease") {
		back = transport.Return{Lease: m.model.someLease(t)}
	}
	if g := m.model.byLease(back.Lease); g != nil && g.client == client {
		g.end(messages.Returned, m.model.now)
	}
	m.model.cancel(client, back.Request, messages.Returned)
	m.ledger.checkin(client, &back)
}

func (m *ledgerMachine) end(t *rapid.T) {
	lease := m.model.someLease(t)
	g := m.model.byLease(lease)
	if g == nil || g.ended != 0 {
		return
	}
	reason := rapid.SampledFrom([]messages.Reason{messages.Revoked, messages.FeatureExpired}).Draw(t, "reason")
	g.end(reason, m.model.now)
	m.ledger.end(m.ledger.leases.find(&lease), reason)
}

func (m *ledgerMachine) pass(t *rapid.T) {
	m.model.pass(rapid.Int64Range(0, 120).Draw(t, "time"))
	m.ledger.advance(m.model.now)
}

func (m *ledgerMachine) restart(*rapid.T) {
	for _, g := range m.model.grants {
		g.beaten = m.model.now
	}
	m.ledger.restart()
}

func (m *ledgerMachine) changeSeats(t *rapid.T) {
	feature := rapid.SampledFrom([]string{"f", "g", "local"}).Draw(t, "feature")
	m.setSeats(feature, rapid.IntRange(0, 6).Draw(t, "seats"))
}

func (m *ledgerMachine) setSeats(feature string, seats int) {
	m.ledger.pools.findOrAdd(feature).setSeats(seats)
	m.model.seats[feature] = seats
}
