package outage

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// server is what the counter knows of one server, or of one address: a server is counted under its ServerID and at the
// address where it answers, so that neither another ServerID nor another address makes its outages forgotten.
type server struct {
	set        *protocol.Settings
	name       messages.Server
	connection *protocol.ConnectionRef // shows the count; nil: this process has not seen the server
	record     messages.OutageRecord
	current    messages.Identity // the incarnation that this process saw last; zero: none
	exceeded   bool              // more outages than allowed
}

// merge adds outages to the record and drops those that have left the window.
func (s *server) merge(news messages.OutageRecord, now time.Time) {
	s.record = Merge(s.record, news, now, s.set.DownWindow)
}

// seen adds what a connection saw at the time now: the outage that the server's answer ended, if there was one. downAt is
// when the first heartbeat failed; zero when none did.
func (s *server) seen(in *protocol.ServerSeen, downAt, now time.Time) {
	s.name, s.connection = messages.Server{ID: in.Identity.ServerID, Address: in.Address}, in.Connection
	restart := s.restarted(in.Identity)
	s.current = in.Identity
	news := messages.OutageRecord{Last: in.Identity}
	if restart || !downAt.IsZero() {
		o := messages.Outage{BootID: in.Identity.BootID, Restart: restart, Down: now, Up: now}
		if !downAt.IsZero() {
			o.Down = downAt
		}
		news.Outages = []messages.Outage{o}
	}
	s.merge(news, now)
}

// restarted reports whether another incarnation answers than the one that this process saw last, or, if it saw none, than
// the last one in the record. Once the process has seen one, the record does not matter: other processes may know an
// incarnation with a higher Epoch, which an older ledger has replaced.
func (s *server) restarted(is messages.Identity) bool {
	last := s.current
	if last == (messages.Identity{}) {
		last = s.record.Last
	}
	return last != (messages.Identity{}) && (last.BootID != is.BootID || last.ServerID != is.ServerID)
}

// counts reports whether an outage counts: with RestartsOnly only restarts do.
func (s *server) counts(o messages.Outage) bool { return o.Restart || !s.set.RestartsOnly }

// count returns how many outages count.
func (s *server) count() int {
	n := 0
	for _, o := range s.record.Outages {
		if s.counts(o) {
			n++
		}
	}
	return n
}

// review compares the count with the limit. It returns an error while the limit is exceeded, and whether it was not
// before.
func (s *server) review() (err *messages.UnavailableError, fresh bool) {
	n := s.count()
	before := s.exceeded
	s.exceeded = s.set.DownMax > 0 && n > s.set.DownMax
	if !s.exceeded {
		return nil, false
	}
	return &messages.UnavailableError{
		Server: s.name, Count: n, Max: s.set.DownMax, Window: s.set.DownWindow, Until: s.room(),
	}, !before
}

// room returns when the window of a server past its limit has room again: when enough of the oldest outages have left it.
func (s *server) room() time.Time {
	var ups []time.Time
	for _, o := range s.record.Outages {
		if s.counts(o) {
			ups = append(ups, o.Up)
		}
	}
	return ups[len(ups)-s.set.DownMax-1].Add(s.set.DownWindow)
}

// nextLeaves returns when the next outage leaves the window; zero when there is none.
func (s *server) nextLeaves() time.Time {
	if len(s.record.Outages) == 0 {
		return time.Time{}
	}
	return s.record.Outages[0].Up.Add(s.set.DownWindow)
}
