package server

import "time"

// allowance bounds how often a client takes and returns seats. It is a bucket that every take and every return fills by
// one and that leaks at Limits.Rate; when Limits.Burst would not hold it the call is refused. The zero value is an empty
// bucket. The committer owns it.
type allowance struct {
	spent float64
	at    time.Duration // when spent was right
}

// spend takes n off the allowance, or returns how long to wait until there is room for them.
func (a *allowance) spend(n int, now time.Duration, limits Limits) (wait time.Duration) {
	elapsed := max(0, now-a.at) // the server's clock goes back by what the server slept through
	leaked := elapsed.Seconds() * float64(limits.Rate)
	a.spent, a.at = max(0, a.spent-leaked), now
	if over := a.spent + float64(n) - float64(limits.Burst); over > 0 {
		return max(time.Duration(over/float64(limits.Rate)*float64(time.Second)), time.Millisecond)
	}
	a.spent += float64(n)
	return 0
}
