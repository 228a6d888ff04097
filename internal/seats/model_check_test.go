package seats

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func (m *model) Pass(*rapid.T) {
	d := time.Duration(rapid.IntRange(1, 8).Draw(m.t, "seconds")) * time.Second
	for name := range m.pools {
		before := m.active(name)
		m.wall = m.wall.Add(d)
		m.fitted[name] = m.fitted[name] && slices.Equal(m.active(name), before)
		m.wall = m.wall.Add(-d)
	}
	m.wall = m.wall.Add(d)
	m.pass(d)
	m.expire()
	m.expireWaiters()
}

// expire does what is due by the clock of the licences and by the clock of the leases.
func (m *model) expire() {
	_, overdue := m.allocator.Refresh(m.wall)
	for overdue && m.allocator.EndExpired(m.now, 3) {
		m.commit()
	}
	m.commit()
	m.expireLeases()
}

func (m *model) SetFeatures(*rapid.T) {
	m.config.Features = m.list(m.someBlocks())
	clear(m.fitted) // the list may have fewer seats than are held
	m.allocator.SetFeatures(m.config.Features)
	m.expire()
}

func (m *model) Restart(*rapid.T) {
	if rapid.Bool().Draw(m.t, "crash") { // after a decision and before its commit: no client was answered
		m.allocator.Take(m.harness.client(m.someClient()), m.someTake(), m.now)
	}
	m.restart()
	clear(m.queues)
	clear(m.owed)
	for _, r := range m.all {
		r.at = 0
	}
	m.recall()
	for _, p := range m.pools {
		if !p.listed { // the ledger does not keep the share scope of a feature that left the list
			p.share = license.ShareNone
		}
	}
	m.expire()
}

// recall notes the dropped records that the ledger replayed. Only ends can come back.
func (m *model) recall() {
	for _, r := range m.forgotten {
		number, known := m.allocator.leases.lookup(m.harness.client(r.client), r.request)
		if !known || m.find(r.client, r.request) != nil {
			continue
		}
		e := m.allocator.leases.at(number)
		require.Equal(m.t, entryEnded, e.state)
		r.reason, r.at, r.lease = e.reason, 0, leaseID(number, m.allocator.leases.table.secret(number))
		m.all = append(m.all, r)
	}
	m.forgotten = nil
}

// Check claims the invariants.
func (m *model) Check(*rapid.T) {
	m.serve()
	m.checkQueues()
	held, ended := 0, 0
	for _, r := range m.all {
		if r.held() {
			held++
		} else {
			ended++
		}
	}
	assert.Equal(m.t, held, m.allocator.leases.held)
	assert.Equal(m.t, ended, m.allocator.leases.tombstones.len())
	assert.Len(m.t, m.allocator.leases.requests, held+ended)
	assert.Equal(m.t, held+ended, int(m.allocator.leases.used)-len(m.allocator.leases.free))
	for _, p := range m.allocator.pools.all {
		units := m.units(p.name, m.held(nil))
		assert.Equal(m.t, len(units), p.used, p.name)
		fits := m.fits(p.name, units)
		assert.True(m.t, fits || !m.fitted[p.name], "%s: too many seats are issued", p.name)
		m.fitted[p.name] = fits
	}
}

var modelStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// testModel compares an allocator with the model. With more patience queues grow longer.
func testModel(t *testing.T, patience int, newLedger func() ledger.Ledger) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			t: t, pools: make(map[string]*modelPool), fitted: make(map[string]bool), wall: modelStart,
			queues: make(map[string][]*modelWaiter), owed: make(map[*BlockedCall]owed),
		}
		list := m.list(m.someBlocks())
		m.harness = newHarnessOn(t, newLedger(), Config{ClientTimeout: modelTimeout, Features: list})
		m.keys = modelGroups
		m.expire()
		actions := map[string]func(*rapid.T){
			"": m.Check, "checkout": m.Checkout, "checkout again": m.Checkout, "checkin": m.Checkin, "beat": m.Beat,
			"pass": m.Pass, "revoke": m.Revoke, "set features": m.SetFeatures, "restart": m.Restart,
			"wait": m.Wait, "wait on": m.WaitOn, "hang up": m.HangUp,
		}
		for i := range patience {
			actions[fmt.Sprint("wait too ", i)] = m.Wait
		}
		t.Repeat(actions)
	})
}

func TestSeatsAreAccountedForOverRestarts(t *testing.T) {
	testModel(t, 0, func() ledger.Ledger { return &ledger.Memory{} })
}

func TestWaitersAreServedInOrderAndLeaveNothingBehind(t *testing.T) {
	testModel(t, 8, func() ledger.Ledger { return &ledger.Memory{} })
}

func TestRecordsThatWereDroppedMayBeReplayed(t *testing.T) {
	testModel(t, 0, func() ledger.Ledger { return &hoarder{} })
}

// hoarder is a ledger that removes nothing, which the contract allows.
type hoarder struct{ ledger.Memory }

func (h *hoarder) Append(batch ledger.Batch) error {
	batch.Drop = nil
	return h.Memory.Append(batch)
}
