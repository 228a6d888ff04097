package transporttest

import (
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
)

// Identity returns who the server is in its present life.
func (s *Server) Identity() messages.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// Down makes the server unreachable at all its addresses, as if its cable were pulled: connects and calls fail at once,
// calls under way too. The process lives on: its leases age, and it has the same BootID when it is Up again.
func (s *Server) Down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
	s.downs++
	s.sever()
}

// Up undoes Down.
func (s *Server) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = false
}

// Restart ends the process and starts it anew from its ledger: another BootID, the next Epoch, every lease with a full
// client timeout. Requests under way are lost. Sessions work on and tell of the new life. The server is Up afterwards;
// for an outage in between call Down first.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ledger, now := s.current()
	ledger.refresh(now)
	ledger.forgetLines()
	s.boot()
}

// Forget is a Restart whose ledger is lost: the same ServerID, another BootID, the next Epoch, all seats free, no lease
// and no request known. What SetSeats, SetVersion, MarkLocal and SetClientTimeout set is kept.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = s.ledger.blank()
	s.boot()
}

// Replace puts another server in the place of this one, at the same addresses and with the same features and controls:
// another ServerID and BootID, Epoch 1, all seats free. The second server of S1 is S1.2.
func (s *Server) Replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities++
	s.identity.ServerID = fmt.Sprintf("%s.%d", s.name, s.identities)
	s.identity.Epoch = 0
	s.ledger = s.ledger.blank()
	s.boot()
}

// Rollback restarts the server from a backup that is older than everything it granted: the same ServerID, another BootID,
// an Epoch lower by one, all seats free. The lowest Epoch is 0: Restart first where more room is needed.
func (s *Server) Rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	older := max(1, s.identity.Epoch) - 1
	s.ledger = s.ledger.blank()
	s.boot()
	s.identity.Epoch = older
}
