package engine

import "time"

// stallDetector notices by late ticks that the server was stalled: stopped by a signal or a debugger, starved of processor
// time, or paused with its virtual machine. During a stall heartbeats are not read, so no lease may expire because of
// it.
type stallDetector struct {
	interval  time.Duration // between two ticks
	last      time.Duration // raw time of the last tick
	until     time.Duration // server time until which nothing expires
	suspended bool          // nothing has expired since until was set
}

// begin starts the detector at a raw time.
func (s *stallDetector) begin(raw time.Duration) { s.last = raw }

// tick takes the raw time of a tick and returns how long the server was stalled before it. Being late by less than one
// interval is no stall.
func (s *stallDetector) tick(raw time.Duration) (stall time.Duration) {
	late := raw - s.last - s.interval
	s.last = raw
	if late < s.interval {
		return 0
	}
	return late
}

// suspendExpiry stops leases from expiring for the grace period after a stall, so that queued heartbeats are processed
// first. Repeated short stalls do not extend the period; otherwise an overloaded server would never expire anything.
func (s *stallDetector) suspendExpiry(now, stall, grace time.Duration) {
	if !s.suspended || stall >= grace {
		s.until, s.suspended = now+grace, true
	}
}

// mayExpire reports whether leases may expire now.
func (s *stallDetector) mayExpire(now time.Duration) bool {
	if now < s.until {
		return false
	}
	s.suspended = false
	return true
}
