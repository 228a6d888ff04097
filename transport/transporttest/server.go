package transporttest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// DefaultClientTimeout is the client timeout of a server until SetClientTimeout.
const DefaultClientTimeout = 5 * time.Minute

// Server is one fake licence server, made by [Network.AddServer]. Its methods are the controls of the test: each takes
// effect at once, does not block, and is safe for concurrent use, also from hooks.
//
// The server keeps what package transport demands of any server. When no heartbeat names a lease for the client
// timeout, the lease ends and its seats are free. A repeated request gets the same grant. An ended lease, and a request
// that was cancelled or replaced, is remembered with its reason for two client timeouts.
type Server struct {
	since time.Time     // when the server was added: the time of the ledger counts from here
	path  atomic.Uint64 // packets of sessions that were opened on another path vanish; see HalfOpen

	mu      sync.Mutex
	process process
	ledger  *ledger
	faults  faults
	stats   Stats
	onCall  func(Call)
	tamper  func(Call, *Reply)
	alarm   *time.Timer // runs while takes wait in a queue
}

func newServer(id string) *Server {
	return &Server{since: time.Now(), process: newProcess(id), ledger: newLedger(DefaultClientTimeout)}
}

// update runs f with the server locked and the ledger as of now. Afterwards it grants what is free to the takes in the
// queues, and sets the alarm for the next time when a queue needs that.
func (s *Server) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.advance(int64(time.Since(s.since)))
	f()
	next := s.ledger.serveQueues()
	if s.alarm != nil {
		s.alarm.Stop()
	}
	if next != 0 {
		s.alarm = time.AfterFunc(time.Duration(max(0, next-s.ledger.now)), func() { s.update(func() {}) })
	}
}

// hello returns what every reply reports about the server. The server is locked.
func (s *Server) hello() transport.Hello { return s.process.hello(s.ledger.timeout) }

// refuse returns a refusal as an error, with the identity of the server if the refusal has none. The server is locked.
func (s *Server) refuse(refusal transport.Refusal) error {
	if !refusal.Hello.Identity.Valid() {
		refusal.Hello = s.hello()
	}
	return &refusal
}

// pool returns the pool of a feature. It panics when the server has no such feature: a misspelt name would otherwise
// make a test pass for the wrong reason. The server is locked.
func (s *Server) pool(method, feature string) *pool {
	p := s.ledger.pools.find(feature)
	if p == nil {
		panic(fmt.Sprintf("transporttest: %s: server %s has no feature %q", method, s.process.name, feature))
	}
	return p
}

// watch returns a channel that is closed when something under way to or from the server may have been lost.
func (s *Server) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.watch()
}

// Identity returns the identity of the server process that runs now.
func (s *Server) Identity() (id messages.Identity) {
	s.update(func() { id = s.process.identity })
	return id
}

// Down makes the server unreachable at all its addresses, like a pulled network cable: every call fails at once, calls
// under way too. The process goes on: its leases age, and it has the same BootID when it is Up again.
func (s *Server) Down() { s.update(s.process.goDown) }

// Up undoes Down.
func (s *Server) Up() { s.update(s.process.comeUp) }

// Restart ends the server process and starts it again from its ledger: another BootID, the next Epoch, a full client
// timeout for every lease. Requests under way are lost, and the queues are forgotten. Sessions go on and report the new
// identity. The server is Up afterwards; for an outage before the restart, call Down first.
func (s *Server) Restart() {
	s.update(func() {
		s.ledger.restart()
		s.process.restart()
	})
}

// Forget is a Restart after which the ledger is lost: the same ServerID, another BootID, the next Epoch, all seats
// free, no lease and no request known. The server keeps what SetSeats, SetOverdraft, SetVersion, MarkLocal, Withdraw
// and SetClientTimeout set.
func (s *Server) Forget() { s.loseLedger(s.process.restart) }

// Replace puts another server in the place of this one, at the same addresses and with the same settings: another
// ServerID and BootID, Epoch 1, all seats free. The server that replaces S1 is S1.2.
func (s *Server) Replace() { s.loseLedger(s.process.replace) }

// Rollback restarts the server from a backup that is older than its grants: the same ServerID, another BootID, an Epoch
// lower by one, all seats free. The Epoch is never below 0: for more than one Rollback, Restart first.
func (s *Server) Rollback() { s.loseLedger(s.process.rollBack) }

func (s *Server) loseLedger(restart func()) {
	s.update(func() {
		s.ledger = s.ledger.blank()
		restart()
	})
}

// SetSeats sets the number of seats of a feature. A feature that the server does not have is added, in version 9.9; a
// withdrawn one is served again. When fewer seats remain than are in use, no lease ends: nothing is granted until
// enough seats have been returned.
func (s *Server) SetSeats(feature string, seats int) {
	s.update(func() { s.ledger.pools.findOrAdd(feature).setSeats(seats) })
}

// SetOverdraft lets the server grant so many seats beyond SetSeats; such grants are marked as overdraft. 0 turns it off
// and ends no lease. It panics when the server has no such feature.
func (s *Server) SetOverdraft(feature string, seats int) {
	s.update(func() { s.pool("SetOverdraft", feature).setOverdraft(seats) })
}

// SetVersion sets the version of a feature that the server serves. Leases keep the version that they were granted. It
// panics when the server has no such feature.
func (s *Server) SetVersion(feature string, version messages.Version) {
	s.update(func() { s.pool("SetVersion", feature).setVersion(version) })
}

// MarkLocal makes all further grants of a feature local: such leases never expire. It panics when the server has no
// such feature.
func (s *Server) MarkLocal(feature string) {
	s.update(func() { s.pool("MarkLocal", feature).markLocal() })
}

// Withdraw stops serving a feature: takes are refused with NoSuchFeature, and leases live on. SetSeats serves it again.
// It panics when the server has no such feature.
func (s *Server) Withdraw(feature string) {
	s.update(func() { s.pool("Withdraw", feature).withdraw() })
}

// SetClientTimeout sets the client timeout, also for the leases that are held. A value that is not positive means
// DefaultClientTimeout.
func (s *Server) SetClientTimeout(d time.Duration) {
	if d <= 0 {
		d = DefaultClientTimeout
	}
	s.update(func() { s.ledger.setTimeout(d) })
}

// Take makes other clients take up to n free seats of a feature, and returns how many they got. The seats need no
// heartbeats and stay taken until PutBack, or until the ledger is lost. It panics when the server has no such feature.
func (s *Server) Take(feature string, n int) (taken int) {
	s.update(func() { taken = s.pool("Take", feature).takeForeign(n) })
	return taken
}

// PutBack makes other clients return up to n of the seats that they got by Take, and returns how many they returned. It
// panics when the server has no such feature.
func (s *Server) PutBack(feature string, n int) (returned int) {
	s.update(func() { returned = s.pool("PutBack", feature).returnForeign(n) })
	return returned
}

// End ends a lease for the reason, which the next heartbeat that names the lease reports. It returns whether the lease
// was held.
func (s *Server) End(id messages.LeaseID, reason messages.Reason) (held bool) {
	s.update(func() {
		slot := s.ledger.leases.find(&id)
		if held = slot != 0 && s.ledger.leases.lives(slot); held {
			s.ledger.end(slot, reason)
		}
	})
	return held
}

// Revoke ends leases with reason Revoked, as an administrator does, and returns how many of them were held.
func (s *Server) Revoke(leases ...messages.LeaseID) int {
	revoked := 0
	for _, id := range leases {
		if s.End(id, messages.Revoked) {
			revoked++
		}
	}
	return revoked
}

// RevokeFeature revokes all leases of a feature and returns how many these were.
func (s *Server) RevokeFeature(feature string) (revoked int) {
	s.update(func() { revoked = s.ledger.revoke(feature) })
	return revoked
}

// Held returns how many seats of a feature are in use, those of Take included. It is 0 when the server has no such
// feature.
func (s *Server) Held(feature string) (seats int) {
	s.update(func() {
		if p := s.ledger.pools.find(feature); p != nil {
			seats = p.inUse()
		}
	})
	return seats
}

// HeldTotal returns how many seats of all features are in use, those of Take included.
func (s *Server) HeldTotal() (seats int) {
	s.update(func() { seats = s.ledger.pools.inUse() })
	return seats
}

// Waiting returns how many takes are in the queue of a feature.
func (s *Server) Waiting(feature string) (takes int) {
	s.update(func() {
		if p := s.ledger.pools.find(feature); p != nil {
			takes = p.queue.len()
		}
	})
	return takes
}

// Leases returns the leases that are held now, in no particular order. The caller owns the slice.
func (s *Server) Leases() (leases []Lease) {
	s.update(func() { leases = s.ledger.list() })
	return leases
}

// Stats returns the counts so far. A test compares two of them to learn what happened in between.
func (s *Server) Stats() (stats Stats) {
	s.update(func() { stats = s.stats })
	return stats
}

// BlackHole makes requests vanish: a call hangs until its context or its session ends or the server goes down. With on
// false, later calls arrive again; calls that hang stay lost. Without kinds, it is about all kinds of calls.
func (s *Server) BlackHole(on bool, kinds ...Kind) {
	s.update(func() { s.faults.setVanish(on, kinds) })
}

// HalfOpen makes the packets of all sessions that are open now vanish, in both directions and for good, as a firewall
// does that has forgotten its connections: a call hangs until its context or its session ends or the server goes down.
// Sessions that are opened later work. A request that is under way still arrives, and its reply is lost. Neither
// ClearFaults nor a restart of the server mends a session.
func (s *Server) HalfOpen() { s.path.Add(1) }

// DropReplies loses the replies to the next n requests that arrive: the requests are executed, and the callers get
// [ErrReplyLost] at once, so that no test waits for a deadline. A later DropReplies replaces n; 0 turns it off. Without
// kinds, it is about all kinds of calls, which share n.
func (s *Server) DropReplies(n int, kinds ...Kind) { s.update(func() { s.faults.setDrops(n, kinds) }) }

// Duplicate executes the next n requests that arrive a second time, as a network that repeats a packet does. The copy
// arrives so much later than the request, and its answer goes nowhere; with 0 it arrives before the caller has the
// answer. A copy under way is lost when the server restarts or goes down. A later Duplicate replaces n; 0 turns it off.
// Without kinds, it is about all kinds of calls, which share n.
func (s *Server) Duplicate(n int, later time.Duration, kinds ...Kind) {
	s.update(func() { s.faults.setCopies(n, later, kinds) })
}

// Delay makes every request take d to arrive; 0 turns it off. When the caller gives up, its request still arrives and
// is executed, unless the server restarts or goes down before. Without kinds, it is about all kinds of calls.
func (s *Server) Delay(d time.Duration, kinds ...Kind) {
	s.update(func() { s.faults.setDelay(d, kinds) })
}

// DelayReplies executes requests at once and makes their replies take d; 0 turns it off. A reply under way survives a
// Restart, and then has the identity of before; it is lost when the server goes down. Without kinds, it is about all
// kinds of calls.
func (s *Server) DelayReplies(d time.Duration, kinds ...Kind) {
	s.update(func() { s.faults.setReplyDelay(d, kinds) })
}

// Refuse answers requests with the refusal instead of executing them; nil turns it off. When the refusal has no
// identity, the server sets its Hello. The server keeps a copy. Without kinds, it is about all kinds of calls.
func (s *Server) Refuse(refusal *transport.Refusal, kinds ...Kind) {
	s.update(func() { s.faults.setRefusal(refusal, kinds) })
}

// ClearFaults turns off BlackHole, DropReplies, Duplicate, Delay, DelayReplies and Refuse for all calls. The hooks of
// OnCall and Tamper stay.
func (s *Server) ClearFaults() { s.update(s.faults.clear) }

// OnCall sets a hook that sees every call that arrives, before it is executed; nil removes it. It runs on the goroutine
// of the caller, or on one that delivers a delayed call, several at once where calls are. It may use the controls of
// the server: when it stops or restarts the server, its call is lost. It does not see the copies that Duplicate makes.
func (s *Server) OnCall(hook func(Call)) { s.update(func() { s.onCall = hook }) }

// Tamper sets a hook that may change every reply before it leaves the server, so that the server answers nonsense:
// another identity, ended leases that the call did not name, too few outcomes. Nil removes it. The call has been
// executed by then. Refusals do not pass through the hook. It runs where the hook of OnCall runs, and may use the
// controls of the server.
func (s *Server) Tamper(hook func(Call, *Reply)) { s.update(func() { s.tamper = hook }) }
