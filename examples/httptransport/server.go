package httptransport

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Feature is what a server serves under one name.
type Feature struct {
	Version messages.Version
	Seats   int
	Local   bool // what is granted of it is local: it never expires
}

// Server is a toy of a licence server: an http.Handler with its ledger in memory. Its methods are safe for concurrent
// use.
type Server struct {
	mu       sync.Mutex // one call at a time is executed: each sees the ledger as a whole
	identity messages.Identity
	ledger   *ledger
	connects uint64        // of this life
	sessions map[id]uint64 // the latest session of each client
	draining bool
}

// NewServer returns a server of these features. It keeps the map.
func NewServer(features map[string]Feature) *Server {
	s := &Server{identity: messages.Identity{ServerID: rand.Text()}, ledger: newLedger(features)}
	s.Restart()
	return s
}

// Restart does what a restart of the process does when the ledger is on disk: another life of the same server, which
// knows the leases, and gives each a whole client timeout, but no session.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity.BootID = rand.Text()
	s.identity.Epoch++
	s.connects, s.sessions = 0, map[id]uint64{}
	s.ledger.refresh(time.Now())
}

// Drain refuses everything from now on.
func (s *Server) Drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

// Revoke takes a lease away, if it lives.
func (s *Server) Revoke(lease messages.LeaseID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.revoke(id(lease), time.Now())
}

// SetClientTimeout sets how long a lease lives without a heartbeat: 5 minutes until then.
func (s *Server) SetClientTimeout(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.timeout = d
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case pathConnect:
		answer(s, w, r, s.connect)
	case pathCheckout:
		answer(s, w, r, s.checkout)
	case pathHeartbeat:
		answer(s, w, r, s.heartbeat)
	case pathCheckin:
		answer(s, w, r, s.checkin)
	default:
		http.NotFound(w, r)
	}
}

// answer reads a request, executes it in one step, and writes what comes of it.
func answer[Q any](s *Server, w http.ResponseWriter, r *http.Request, execute func(Q, time.Time) (int, any)) {
	var request Q
	fault := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&request)
	status, body := s.step(func(now time.Time) (int, any) {
		if fault != nil {
			return s.refuse(messages.Malformed, fault.Error(), 0)
		}
		return execute(request, now)
	})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone repeats the call
}

// step lets time pass in the ledger and executes one call.
func (s *Server) step(execute func(time.Time) (int, any)) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return s.refuse(messages.Draining, "", time.Second)
	}
	now := time.Now()
	s.ledger.advance(now)
	return execute(now)
}

// hello is at the head of every answer.
func (s *Server) hello() hello {
	return hello{Identity: s.identity, ClientTimeout: s.ledger.timeout.Milliseconds()}
}

// refuse is an answer, too.
func (s *Server) refuse(reason messages.Reason, message string, retryAfter time.Duration) (int, any) {
	return http.StatusUnprocessableEntity, refusal{
		Hello: s.hello(), Reason: reason, Message: message, RetryAfter: retryAfter.Milliseconds(),
	}
}

// admit notes which session a client uses, and reports false for one that a later one has superseded. That is no
// refusal: to the client it must look as if nobody was there. A session that is not known is one from before a restart.
func (s *Server) admit(c caller) bool {
	if c.Session < s.sessions[c.Instance] {
		return false
	}
	s.sessions[c.Instance] = c.Session
	return true
}

func (s *Server) superseded() (int, any) { return http.StatusConflict, nil }

// connect opens a session: its number is higher than that of any before, in this life or an earlier one.
func (s *Server) connect(q connectRequest, _ time.Time) (int, any) {
	s.connects++
	number := s.identity.Epoch<<32 + s.connects
	s.sessions[q.Instance] = number
	return http.StatusOK, connectReply{Hello: s.hello(), Session: number}
}

func (s *Server) checkout(q checkoutRequest, now time.Time) (int, any) {
	switch {
	case !s.admit(q.Caller):
		return s.superseded()
	case len(q.Takes) < 1 || len(q.Takes) > transport.MaxBatch:
		return s.refuse(messages.Malformed, "takes out of bounds", 0)
	}
	reply := checkoutReply{Hello: s.hello(), Outcomes: make([]outcome, len(q.Takes))}
	for i := range q.Takes {
		reply.Outcomes[i] = s.ledger.take(q.Caller.Instance, &q.Takes[i], now)
	}
	return http.StatusOK, reply
}

func (s *Server) heartbeat(q heartbeatRequest, now time.Time) (int, any) {
	switch {
	case !s.admit(q.Caller):
		return s.superseded()
	case len(q.Leases) > transport.MaxLeases:
		return s.refuse(messages.Malformed, "leases out of bounds", 0)
	}
	reply := heartbeatReply{Hello: s.hello()}
	for _, lease := range q.Leases {
		if reason := s.ledger.beat(q.Caller.Instance, lease, now); reason != messages.NoReason {
			reply.Ended = append(reply.Ended, ended{Lease: lease, Reason: reason})
		}
	}
	return http.StatusOK, reply
}

func (s *Server) checkin(q checkinRequest, now time.Time) (int, any) {
	switch {
	case !s.admit(q.Caller):
		return s.superseded()
	case len(q.Returns) < 1 || len(q.Returns) > transport.MaxBatch:
		return s.refuse(messages.Malformed, "returns out of bounds", 0)
	}
	for _, r := range q.Returns {
		s.ledger.giveBack(q.Caller.Instance, r, now)
	}
	return http.StatusOK, checkinReply{Hello: s.hello()}
}
