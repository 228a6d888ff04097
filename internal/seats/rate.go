package seats

import "time"

// rateLimiter bounds how often something happens. It is a leaky bucket: each time adds one, as many as the rate says leak
// out each second, and what would fill the bucket beyond the burst is refused. The zero value is an empty bucket.
type rateLimiter struct {
	level float64
	at    time.Duration // when level was computed
}

// take adds n to the bucket, or returns how long to wait until n fit.
func (l *rateLimiter) take(n int, now time.Duration, rate, burst int) (wait time.Duration) {
	elapsed := max(0, now-l.at) // the server's clock goes back by the length of a stall
	leaked := elapsed.Seconds() * float64(rate)
	l.level, l.at = max(0, l.level-leaked), now
	if over := l.level + float64(n) - float64(burst); over > 0 {
		return max(time.Duration(over/float64(rate)*float64(time.Second)), time.Millisecond)
	}
	l.level += float64(n)
	return 0
}
