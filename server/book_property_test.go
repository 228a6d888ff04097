package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

func (m *model) Pass(*rapid.T) {
	m.pass(time.Duration(rapid.IntRange(1, 8).Draw(m.t, "seconds")) * time.Second)
	m.age()
}

func (m *model) SetFeatures(*rapid.T) {
	m.seats = map[string]int{"a": rapid.IntRange(0, 6).Draw(m.t, "seats of a")}
	if rapid.Bool().Draw(m.t, "b listed") {
		m.seats["b"] = 4
	}
	m.book.pools.set(features(m.seats))
}

func (m *model) Restart(*rapid.T) {
	if rapid.Bool().Draw(m.t, "crash") { // between deciding and committing: nobody was answered
		m.book.take(m.bookStage.client(m.someClient()), m.someTake(), m.now)
	}
	m.config.Features = features(m.seats)
	m.restart()
	for _, r := range m.all {
		r.at = 0
	}
	m.recall()
}

// recall takes back what a ledger replayed although it was dropped. Only ends can come back.
func (m *model) recall() {
	for _, r := range m.forgotten {
		number, known := m.book.lookup(m.bookStage.client(r.client), r.request)
		if !known || m.find(r.client, r.request) != nil {
			continue
		}
		e := m.book.at(number)
		require.Equal(m.t, entryEnded, e.state)
		r.reason, r.at, r.lease = e.reason, 0, leaseID(number, m.book.table.secret(number))
		m.all = append(m.all, r)
	}
	m.forgotten = nil
}

func features(seats map[string]int) (list []Feature) {
	for name, n := range seats {
		list = append(list, Feature{Name: name, Version: messages.V(1, 0), Seats: n})
	}
	return list
}

// Check claims what must hold at any time.
func (m *model) Check(*rapid.T) {
	held, ended := 0, 0
	for _, r := range m.all {
		if r.held() {
			held++
		} else {
			ended++
		}
	}
	assert.Equal(m.t, held, m.book.held)
	assert.Equal(m.t, ended, m.book.tombs.len())
	assert.Len(m.t, m.book.requests, held+ended)
	assert.Equal(m.t, held+ended, int(m.book.used)-len(m.book.free))
	for _, p := range m.book.pools.all {
		assert.Equal(m.t, m.used(p.feature.Name), p.used, p.feature.Name)
	}
}

func testModel(t *testing.T, ledger func() Ledger) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, seats: map[string]int{"a": 5, "b": 4}}
		m.bookStage = newBookStage(t, Config{Ledger: ledger(), ClientTimeout: modelTimeout, Features: features(m.seats)})
		t.Repeat(map[string]func(*rapid.T){
			"": m.Check, "checkout": m.Checkout, "checkout again": m.Checkout, "checkin": m.Checkin, "beat": m.Beat,
			"pass": m.Pass, "revoke": m.Revoke, "set features": m.SetFeatures, "restart": m.Restart,
		})
	})
}

func TestSeatsAreAccountedForOverRestarts(t *testing.T) {
	testModel(t, func() Ledger { return &MemoryLedger{} })
}

func TestRecordsThatWereDroppedMayBeReplayed(t *testing.T) {
	testModel(t, func() Ledger { return &hoarder{} })
}

// hoarder is a ledger that lets go of nothing, as the contract allows.
type hoarder struct{ MemoryLedger }

func (h *hoarder) Append(batch Batch) error {
	batch.Drop = nil
	return h.MemoryLedger.Append(batch)
}
