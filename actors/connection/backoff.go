package connection

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Reconnect tries (rule 15).
const (
	retryBase   = time.Second
	retryFactor = 1.6
	retryMax    = 30 * time.Second
)

// backoff returns the pause before reconnect try n; n is 0 for the first try. The pause is draw, a random number in
// [0,1), times the exponential bound. most caps the bound.
func backoff(n int, draw float64, most time.Duration) time.Duration {
	bound := float64(retryBase) * math.Pow(retryFactor, float64(n))
	return time.Duration(draw * min(bound, float64(most)))
}

// jitter draws the pauses between repeated requests of one connection.
type jitter struct {
	rng  *rand.Rand
	set  *protocol.Settings
	peer *peer
}

// most returns the longest pause: half the interval in effect (rule 15).
func (j jitter) most() time.Duration {
	return min(retryMax, intervalInEffect(j.set, j.peer.hello.ClientTimeout)/2)
}

// pause draws the pause before try number n, counted from 0.
func (j jitter) pause(n int) time.Duration { return backoff(n, j.rng.Float64(), j.most()) }
