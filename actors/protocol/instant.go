package protocol

import "time"

// Instant is a reading of both clocks, each as the time since the runtime started. Monotonic time stops while the machine
// sleeps, and wall time may be set: neither alone tells how old a lease is (rule 16). Where an instant is planned, the
// zero value means never.
type Instant struct {
	Mono time.Duration
	Wall time.Duration
}

// Since returns the time from o to i, by whichever clock shows more.
func (i Instant) Since(o Instant) time.Duration {
	return max(i.Mono-o.Mono, i.Wall-o.Wall)
}

// Before reports whether i is earlier than o on the monotonic clock, which is never set.
func (i Instant) Before(o Instant) bool { return i.Mono < o.Mono }

// After returns the instant that is d later.
func (i Instant) After(d time.Duration) Instant {
	return Instant{Mono: i.Mono + d, Wall: i.Wall + d}
}

// Sooner returns the earlier of two planned instants. A zero instant means never.
func Sooner(a, b Instant) Instant {
	if a == (Instant{}) || b != (Instant{}) && b.Before(a) {
		return b
	}
	return a
}

// Later returns the later of two instants.
func Later(a, b Instant) Instant {
	if a.Before(b) {
		return b
	}
	return a
}

// Passed reports whether a planned instant has come. A zero instant never does.
func Passed(now, planned Instant) bool { return planned != (Instant{}) && !now.Before(planned) }
