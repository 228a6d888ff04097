package seats

import "time"

// rateLimiter bounds how often one client takes and returns seats. It is a leaky bucket: each take and each return adds
// one, Limits.Rate leak out each second, and a call that would fill the bucket beyond Limits.Burst is refused. The zero
// value is an empty bucket.
type rateLimiter struct {
	level float64
	at    time.Duration // when level was computed
}

// take adds n to the bucket, or returns how long to wait until n fit.
func (l *rateLimiter) take(n int, now time.Duration, limits Limits) (wait time.Duration) {
	elapsed := max(0, now-l.at) // the server's clock goes back by the length of a stall
	leaked := elapsed.Seconds() * float64(limits.Rate)
	l.level, l.at = max(0, l.level-leaked), now
	if over := l.level + float64(n) - float64(limits.Burst); over > 0 {
		return max(time.Duration(over/float64(limits.Rate)*float64(time.Second)), time.Millisecond)
	}
	l.level += float64(n)
	return 0
}
