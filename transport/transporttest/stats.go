package transporttest

// Stats counts what a server has seen since it was added, restarts included. All fields but Tried count calls that
// arrived at the server, whether it granted or refused them, and the copies that Duplicate made.
type Stats struct {
	Tried      int // calls sent to the server, whether or not they arrived: 0 means that nobody tried
	Connects   int
	Checkouts  int // calls
	Takes      int // of all checkouts
	Heartbeats int // calls
	Leases     int // named by all heartbeats
	Checkins   int // calls
	Returns    int // of all checkins
}

// try counts a call that is sent.
func (s *Stats) try() { s.Tried++ }

// count counts a call that has arrived.
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
