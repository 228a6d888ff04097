package connection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestBackoffGrowsFromASecondUpToItsLimit(t *testing.T) {
	for _, c := range []struct {
		try  int
		most time.Duration
		want time.Duration // the longest pause
	}{
		{0, 30 * time.Second, time.Second},
		{1, 30 * time.Second, 1600 * time.Millisecond},
		{2, 30 * time.Second, 2560 * time.Millisecond},
		{7, 30 * time.Second, 26840 * time.Millisecond},
		{8, 30 * time.Second, 30 * time.Second},
		{100_000, 30 * time.Second, 30 * time.Second},
		{3, 2 * time.Second, 2 * time.Second},
		{0, 500 * time.Millisecond, 500 * time.Millisecond},
	} {
		assert.Equal(t, c.want, backoff(c.try, 1, c.most).Round(10*time.Millisecond), "try %d, at most %s", c.try, c.most)
	}
}

func TestBackoffHasFullJitter(t *testing.T) {
	assert.Zero(t, backoff(5, 0, 30*time.Second))
	assert.Equal(t, backoff(5, 1, 30*time.Second)/2, backoff(5, 0.5, 30*time.Second))
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		try := rapid.IntRange(0, 1<<30).Draw(rt, "try")
		draw := rapid.Float64Range(0, 0.999999).Draw(rt, "draw")
		most := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(rt, "most"))
		pause := backoff(try, draw, most)
		assert.GreaterOrEqual(rt, pause, time.Duration(0))
		assert.Less(rt, pause, most)
	})
}
