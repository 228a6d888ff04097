package transporttest

// Stats counts what a server has seen since it was added, over all its lives. All but Tried count what arrived at the
// server, refused or not, copies made by Duplicate included.
type Stats struct {
	Tried      int // calls sent to the server, arrived or not: 0 means that nobody even tried
	Connects   int
	Checkouts  int // calls
	Takes      int // in all checkouts
	Heartbeats int // calls
	Leases     int // named in all heartbeats
	Checkins   int // calls
	Returns    int // in all checkins
}

func (s *Stats) count(call *Call) {
	switch call.Kind {
	case Connects:
		s.Connects++
	case Checkouts:
		s.Checkouts++
		s.Takes += len(call.Takes)
	case Heartbeats:
		s.Heartbeats++
		s.Leases += len(call.Leases)
	case Checkins:
		s.Checkins++
		s.Returns += len(call.Returns)
	}
}

// Stats returns the counts so far. A test compares two of them to learn what happened in between.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// OnCall sets a hook that sees every call that arrives, before it is executed; nil removes it. It runs on the caller's
// goroutine, or on that of the delayed delivery, maybe several at once. It may use the server's controls: a call whose
// hook takes the server down or restarts it is lost. It does not see the copies that Duplicate makes.
func (s *Server) OnCall(hook func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = hook
}

// Tamper sets a hook that may change every reply before it leaves the server, so that the server talks nonsense: another
// identity in each reply, ends of leases that nobody named, too few outcomes; nil removes it. The call has been executed
// by then, and refusals don't pass through it. It runs where OnCall's hook runs and may use the server's controls.
func (s *Server) Tamper(hook func(Call, *Reply)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tamper = hook
}
