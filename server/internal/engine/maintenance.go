package engine

import (
	"log/slog"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
)

// maintenance is the part of the committer that depends on time: it expires leases, forgets tombstones, waiters and
// clients, and brings licences into and out of force. The committer owns it.
type maintenance struct {
	allocator *seats.Allocator
	clients   *seats.Clients
	clock     *clock
	license   *licenseClock
	stall     stallDetector
	limits    limitReport
	timeout   time.Duration // the client timeout
	log       *slog.Logger

	backlog bool // work is left for the next round
	overdue bool // leases of expired licences are held
}

// expireWeight is how many leases one round expires, so that callers do not wait behind a mass expiry.
const expireWeight = 2048

// tickInterval is the time between two ticks.
func tickInterval(clientTimeout time.Duration) time.Duration {
	return min(max(clientTimeout/100, 10*time.Millisecond), time.Second)
}

// restore brings licences into force when the server starts. mark is the latest time that the ledger knows.
func (m *maintenance) restore(mark int64) {
	_, m.overdue = m.allocator.Refresh(m.license.restore(mark, m.clock.raw()))
}

// tick runs at each tick: it detects stalls, refreshes licences, and forgets waiters and clients.
func (m *maintenance) tick() {
	if stall := m.stall.tick(m.clock.raw()); stall > 0 {
		m.clock.skip(stall)
		m.stall.suspendExpiry(m.clock.now(), stall, m.grace())
		m.log.Warn("the server did not run for a while: every lease lasts that much longer", "stall", stall.String())
	}
	m.refresh()
	m.allocator.ExpireWaiters(m.clock.now())
	now := m.clock.now()
	m.clients.Rest(now, now-m.timeout)
	m.limits.log(m.log, m.clients.Limits(), now)
}

// refresh brings licences into and out of force, and records the time so that expired licences stay expired.
func (m *maintenance) refresh() {
	expired, overdue := m.allocator.Refresh(m.license.tick(m.clock.raw()))
	m.overdue = overdue
	m.backlog = m.backlog || overdue
	if expired || m.license.due() {
		m.license.persistHighWater(m.allocator.RecordTime)
	}
}

// grace is how long nothing expires after a stall: heartbeats that arrived during the stall are processed first.
func (m *maintenance) grace() time.Duration { return min(m.timeout/10, 10*time.Second) }

// run ends the leases that are due and forgets the tombstones that are due, a bounded number in each round.
func (m *maintenance) run() {
	now := m.clock.now()
	m.backlog = false
	if m.stall.mayExpire(now) && m.allocator.Expire(now, expireWeight) {
		m.backlog = true
	}
	if m.overdue {
		m.overdue = m.allocator.EndExpired(now, expireWeight)
		m.backlog = m.backlog || m.overdue
	}
	if m.allocator.Forget(now, expireWeight) {
		m.backlog = true
	}
}

// serveQueues grants seats to takes that wait for them.
func (m *maintenance) serveQueues(now time.Duration) {
	if m.allocator.ServeQueues(now, expireWeight) {
		m.backlog = true
	}
}
