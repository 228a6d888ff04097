package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestAStallOfTheServerCostsNoAllowance: the server's clock goes back after a stall, which was charged to its clients.
func TestAStallOfTheServerCostsNoAllowance(t *testing.T) {
	var a allowance
	limits := Limits{Rate: 1 << 30, Burst: 1 << 30}
	assert.Zero(t, a.spend(1, time.Minute, limits))
	assert.Zero(t, a.spend(1, time.Minute-2*time.Second, limits))
}
