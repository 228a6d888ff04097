package seats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The server's clock goes back after a stall. The rate limiter charged that to the clients.
func TestAStallOfTheServerCostsNoAllowance(t *testing.T) {
	var l rateLimiter
	limits := Limits{Rate: 1 << 30, Burst: 1 << 30}
	assert.Zero(t, l.take(1, time.Minute, limits.Rate, limits.Burst))
	assert.Zero(t, l.take(1, time.Minute-2*time.Second, limits.Rate, limits.Burst))
}
