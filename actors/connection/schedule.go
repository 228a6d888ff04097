package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// schedule says how often heartbeats are due and how long one may take, and keeps the heartbeat timer informed.
type schedule struct {
	set       *protocol.Settings
	ref       *protocol.ConnectionRef
	out       *notices
	peer      *peer
	beats     *beats
	age       *leaseAge
	checkouts *checkouts
	told      time.Duration // the interval that the heartbeat timer has; 0: it is stopped
	warned    bool          // the interval in effect was logged
}

// leastInterval is the shortest interval that follows from a server's client timeout, however short that is.
const leastInterval = 100 * time.Millisecond

// interval returns the interval in effect: a server that frees seats early gets heartbeats more often (rule 16).
func (s *schedule) interval() time.Duration {
	return intervalInEffect(s.set, s.peer.hello.ClientTimeout)
}

func intervalInEffect(set *protocol.Settings, clientTimeout time.Duration) time.Duration {
	if clientTimeout <= 0 {
		return set.Interval
	}
	return min(set.Interval, max(clientTimeout/3, leastInterval))
}

// deadline returns how long one heartbeat may take (rule 4). It follows from the interval in effect, so that a silent
// server has failed a heartbeat before the leases are at risk.
func (s *schedule) deadline() time.Duration { return min(30*time.Second, s.interval()/2) }

// pacing returns the interval at which heartbeats are due; 0 when none are: a connection beats while it has a live network
// feature or a take (rule 4).
func (s *schedule) pacing() time.Duration {
	if s.peer.phase != identified || !s.set.Automatic() || s.checkouts.leases.beaten() == 0 && s.checkouts.takes.empty() {
		return 0
	}
	return s.interval()
}

// pace tells the heartbeat timer when the interval changes.
func (s *schedule) pace() {
	interval := s.pacing()
	if interval == s.told {
		return
	}
	s.told = interval
	if interval == 0 {
		s.beats.nobodyLeft()
		s.age.breakEnded()
	}
	s.out.order(BeatEvery{interval})
}

// hold passes the server's "next heartbeat not before" on to the heartbeat timer, up to a third of the client timeout
// (rule 18).
func (s *schedule) hold(chunks []ChunkAnswer) {
	var hint time.Duration
	for _, chunk := range chunks {
		hint = max(hint, chunk.Reply.NotBefore)
	}
	if hint > 0 && s.set.Automatic() {
		s.out.order(HoldBeats{capRetryAfter(hint, s.peer.hello.ClientTimeout)})
	}
}

// timerRestarted notes that the heartbeat timer has forgotten its interval.
func (s *schedule) timerRestarted() { s.told = 0 }

// warn logs, once, what follows from the first grant: the interval in effect, and that the server may free the seats
// before the features look for others (rule 16).
func (s *schedule) warn() {
	if s.warned || !s.set.Automatic() {
		return
	}
	s.warned = true
	timeout, interval, server := s.peer.hello.ClientTimeout, s.interval(), s.ref.Server().String()
	if interval < s.set.Interval {
		s.out.warn("heartbeat interval shortened to a third of the client timeout",
			"server", server, "interval", interval, "client_timeout", timeout)
	}
	if total := time.Duration(s.set.Attempts) * interval; total > timeout {
		s.out.warn("the server frees seats before Attempts heartbeats have failed",
			"server", server, "attempts_x_interval", total, "client_timeout", timeout)
	}
}

// restore takes over what the machine that panicked had logged. The heartbeat timer is told its interval again.
func (s *schedule) restore(old *schedule) { s.warned = old.warned }
