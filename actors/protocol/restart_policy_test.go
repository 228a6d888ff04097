package protocol

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRestartPolicyDoublesThePauseUpToItsBoundUntilTheBudgetIsUsedUp(t *testing.T) {
	policy := RestartPolicy{Max: 6, Window: time.Minute, Pause: 100 * time.Millisecond, MaxPause: time.Second}
	for _, c := range []struct {
		failures int
		draw     float64
		pause    time.Duration
		ok       bool
	}{
		{1, 0, 0, true}, // full jitter: nothing is the least
		{1, 0.5, 50 * time.Millisecond, true},
		{2, 0.5, 100 * time.Millisecond, true},
		{3, 0.5, 200 * time.Millisecond, true},
		{4, 0.5, 400 * time.Millisecond, true},
		{5, 0.5, 500 * time.Millisecond, true}, // bounded by MaxPause
		{6, 0.5, 500 * time.Millisecond, true},
		{6, 0.999, 999 * time.Millisecond, true},
		{7, 0.5, 0, false},
		{1000, 0.999, 0, false},
	} {
		pause, ok := policy.Next(c.failures, c.draw)
		assert.Equal(t, c.pause, pause, "failure %d, draw %g", c.failures, c.draw)
		assert.Equal(t, c.ok, ok, "failure %d", c.failures)
	}
}

func TestRestartPolicyIsFilledInFieldByField(t *testing.T) {
	assert.Equal(t,
		RestartPolicy{Max: 5, Window: 10 * time.Minute, Pause: 100 * time.Millisecond, MaxPause: 10 * time.Second},
		RestartPolicy{}.WithDefaults())
	own := RestartPolicy{Max: 1, Window: 2, Pause: 3, MaxPause: 4}
	assert.Equal(t, own, own.WithDefaults())
}
