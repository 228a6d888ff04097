package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Lease is one lease that a server has granted and that is held now.
type Lease struct {
	ID       messages.LeaseID
	Request  messages.RequestID // that it was granted to
	Instance [16]byte           // of the client that holds it
	Feature  string
	Count    int
	Local    bool
	Age      time.Duration // since its last heartbeat, or its grant; 0 of a local one
}

// Leases returns the leases that are held now, in no particular order. The slice is the caller's.
func (s *Server) Leases() []Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	ledger, now := s.current()
	leases := []Lease{}
	for slot := range uint32(len(ledger.records)) {
		if ledger.lives(slot) {
			leases = append(leases, ledger.lease(slot, now))
		}
	}
	return leases
}

func (l *ledger) lease(slot uint32, now int64) Lease {
	r := &l.records[slot]
	lease := Lease{
		ID:       l.id(slot),
		Request:  r.request,
		Instance: l.instances[r.client],
		Feature:  l.pools[r.pool].feature,
		Count:    int(r.count),
		Local:    r.state == local,
	}
	if !lease.Local {
		lease.Age = time.Duration(now - r.at)
	}
	return lease
}

// End ends a lease and frees its seats; the next heartbeat that names it tells the reason. It reports whether the lease
// was held.
func (s *Server) End(id messages.LeaseID, reason messages.Reason) bool {
	s.mu.Lock()
	defer s.unlock()
	ledger, now := s.current()
	slot := ledger.find(&id)
	if slot == 0 || !ledger.lives(slot) {
		return false
	}
	ledger.end(slot, reason, now)
	return true
}

// Revoke ends leases as an administrator does, with reason Revoked, and returns how many of them were held.
func (s *Server) Revoke(leases ...messages.LeaseID) int {
	revoked := 0
	for _, id := range leases {
		if s.End(id, messages.Revoked) {
			revoked++
		}
	}
	return revoked
}

// RevokeFeature revokes all leases of a feature and returns how many there were.
func (s *Server) RevokeFeature(feature string) int {
	s.mu.Lock()
	defer s.unlock()
	ledger, now := s.current()
	revoked := 0
	for slot := range uint32(len(ledger.records)) {
		if ledger.lives(slot) && ledger.pools[ledger.records[slot].pool].feature == feature {
			ledger.end(slot, messages.Revoked, now)
			revoked++
		}
	}
	return revoked
}
