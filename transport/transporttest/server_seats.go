package transporttest

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// SetSeats sets how many seats of a feature the server has; a feature that it did not serve is added in version 9.9.
// Fewer seats than are in use, even none, end no lease: nothing is granted until enough have come back.
func (s *Server) SetSeats(feature string, seats int) {
	s.mu.Lock()
	defer s.unlock()
	p := s.ledger.pool(feature)
	if p == nil {
		p = s.ledger.addPool(feature)
	}
	p.seats, p.withdrawn = seats, false
}

// SetOverdraft lets the server grant so many seats of a feature past those that it has: such grants are marked. 0 ends it,
// and ends no lease. It panics when the server has no such feature.
func (s *Server) SetOverdraft(feature string, seats int) {
	s.change("SetOverdraft", feature, func(p *pool) { p.overdraft = seats })
}

// SetVersion sets the version that the server serves of a feature. Leases that are held keep what they were granted.
// It panics when the server has no such feature.
func (s *Server) SetVersion(feature string, version messages.Version) {
	s.change("SetVersion", feature, func(p *pool) { p.version = version })
}

// MarkLocal makes what is granted of a feature from now on local: such leases never expire. It panics when the server
// has no such feature.
func (s *Server) MarkLocal(feature string) {
	s.change("MarkLocal", feature, func(p *pool) { p.local = true })
}

// Withdraw stops serving a feature: checkouts are refused with NoSuchFeature. Leases that are held live on. SetSeats
// undoes it. It panics when the server has no such feature.
func (s *Server) Withdraw(feature string) {
	s.change("Withdraw", feature, func(p *pool) { p.withdrawn = true })
}

// Take lets other clients take up to n free seats of a feature and returns how many they got. They keep them without
// heartbeats until PutBack, or until the ledger is lost. It panics when the server has no such feature.
func (s *Server) Take(feature string, n int) (taken int) {
	s.change("Take", feature, func(p *pool) {
		taken = max(0, min(n, p.seats-p.used-p.others))
		p.others += taken
	})
	return taken
}

// PutBack lets other clients return up to n of the seats that they got by Take and returns how many they did. It panics
// when the server has no such feature.
func (s *Server) PutBack(feature string, n int) (returned int) {
	s.change("PutBack", feature, func(p *pool) {
		returned = max(0, min(n, p.others))
		p.others -= returned
	})
	return returned
}

// change changes a pool. An unknown feature is a slip of the test, which would otherwise pass for a wrong reason.
func (s *Server) change(method, feature string, change func(*pool)) {
	s.mu.Lock()
	defer s.unlock()
	ledger, _ := s.current()
	p := ledger.pool(feature)
	if p == nil {
		panic(fmt.Sprintf("transporttest: %s: server %s has no feature %q", method, s.name, feature))
	}
	change(p)
}

// SetClientTimeout sets how long a lease lives without a heartbeat, for the leases that are held, too. What is not
// positive means DefaultClientTimeout.
func (s *Server) SetClientTimeout(d time.Duration) {
	if d <= 0 {
		d = DefaultClientTimeout
	}
	s.mu.Lock()
	defer s.unlock()
	ledger, _ := s.current()
	ledger.timeout = int64(d)
}

// Held returns how many seats of a feature are in use, those that others took included; 0 for a feature that the server
// does not know.
func (s *Server) Held(feature string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ledger, _ := s.current()
	if p := ledger.pool(feature); p != nil {
		return p.used + p.others
	}
	return 0
}

// HeldTotal returns how many seats of all features are in use, those that others took included.
func (s *Server) HeldTotal() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ledger, _ := s.current()
	total := 0
	for i := range ledger.pools {
		total += ledger.pools[i].used + ledger.pools[i].others
	}
	return total
}
