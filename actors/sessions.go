package actors

import (
	"sync"

	"github.com/seatbeat/seatbeat/transport"
)

// sessions lists the open sessions, so that no session outlives the runtime, even a session that has not reached its
// connection yet. Its methods are safe for concurrent use.
type sessions struct {
	mu   sync.Mutex // guards the field below
	open map[transport.Session]struct{}
}

func (s *sessions) add(session transport.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[transport.Session]struct{})
	}
	s.open[session] = struct{}{}
}

// remove removes a session and reports whether it was open.
func (s *sessions) remove(session transport.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[session]
	delete(s.open, session)
	return ok
}

// closeAll removes and closes all sessions.
func (s *sessions) closeAll() {
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	var closing sync.WaitGroup
	for session := range open { // all at once: each may take hostGrace
		closing.Go(func() { closeQuietly(session) })
	}
	closing.Wait()
}

// closeQuietly closes a session that is no longer used. What Close returns does not matter then.
func closeQuietly(session transport.Session) { _ = session.Close() }
