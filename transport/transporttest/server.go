package transporttest

import (
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// DefaultClientTimeout is the client timeout of a server until SetClientTimeout.
const DefaultClientTimeout = 5 * time.Minute

// defaultVersion is the version of a feature until SetVersion.
var defaultVersion = messages.V(9, 9)

// Server is one fake licence server, made by [Network.AddServer]. Its methods are the test's controls: they take effect
// at once, never block, and are safe for concurrent use, from hooks too.
//
// Seats follow what the port promises of any server: a lease is freed when no heartbeat named it for the client timeout;
// a repeated request gets the same grant; an ended lease, and a request that was cancelled or replaced, is remembered
// with its reason for two client timeouts.
type Server struct {
	name  string    // the ServerID given when it was added
	since time.Time // instants of the ledger count from here

	mu         sync.Mutex
	identity   messages.Identity
	boots      int // of this server and of those that it replaced
	identities int // ServerIDs so far
	ledger     *ledger
	sessions   map[[16]byte]uint64 // the latest session of each client instance
	down       bool
	lives      uint64        // grows whenever requests under way are lost
	downs      uint64        // grows whenever replies under way are lost, too
	severed    chan struct{} // closed when either grows; made when somebody waits
	faults     faults
	onCall     func(Call)
	tamper     func(Call, *Reply)
	stats      Stats
	alarm      *time.Timer // set while somebody waits in line
}

func newServer(id string) *Server {
	s := &Server{name: id, since: time.Now(), ledger: newLedger(DefaultClientTimeout), identities: 1}
	s.identity.ServerID = id
	s.boot()
	return s
}

// boot starts a new life of the process with the next epoch. The caller holds mu, or is the only one to know s.
func (s *Server) boot() {
	s.boots++
	s.identity.Epoch++
	s.identity.BootID = fmt.Sprintf("%s-boot-%d", s.name, s.boots)
	s.sessions = map[[16]byte]uint64{}
	s.down = false
	s.sever()
}

// sever loses the requests under way and lets those who wait for them find out. The caller holds mu.
func (s *Server) sever() {
	s.lives++
	s.wakeLocked()
}

func (s *Server) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakeLocked()
}

func (s *Server) wakeLocked() {
	if s.severed != nil {
		close(s.severed)
		s.severed = nil
	}
}

// watch returns a channel that is closed when something under way to this server may have been lost.
func (s *Server) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.severed == nil {
		s.severed = make(chan struct{})
	}
	return s.severed
}

// now is the instant of the ledger.
func (s *Server) now() int64 { return int64(time.Since(s.since)) }

// current returns the ledger as of now. The caller holds mu.
func (s *Server) current() (*ledger, int64) {
	now := s.now()
	s.ledger.advance(now)
	return s.ledger, now
}

func (s *Server) helloLocked() transport.Hello {
	return transport.Hello{Identity: s.identity, ClientTimeout: time.Duration(s.ledger.timeout)}
}
