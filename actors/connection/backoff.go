package connection

import (
	"math"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Reconnect tries (rule 15).
const (
	retryBase   = time.Second
	retryFactor = 1.6
	retryMax    = 30 * time.Second
)

// backoff returns the pause before reconnect try number n, counted from 0, with full jitter: draw, from [0,1), picks a
// point between nothing and the exponential bound, which ends at most.
func backoff(n int, draw float64, most time.Duration) time.Duration {
	bound := float64(retryBase) * math.Pow(retryFactor, float64(n))
	return time.Duration(draw * min(bound, float64(most)))
}

// retryCap bounds the pause between two reconnect tries (rule 15).
func retryCap(set *protocol.Settings) time.Duration { return min(retryMax, set.Interval/2) }
