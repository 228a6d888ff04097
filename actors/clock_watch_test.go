package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClocksPartByMoreThanTheSmallerOf30SecondsAndInterval(t *testing.T) {
	for interval, most := range map[time.Duration]time.Duration{
		2 * time.Minute: 30 * time.Second, 30 * time.Second: 30 * time.Second, 12 * time.Second: 12 * time.Second,
	} {
		for by, jumped := range map[time.Duration]bool{
			most: false, most + 1: true, -most: false, -most - 1: true,
		} {
			w := newClockWatch(&Settings{Interval: interval})
			w.start(Instant{mono: time.Hour, wall: time.Hour})
			got, told := w.look(Instant{mono: time.Hour + clockEvery, wall: time.Hour + clockEvery + by})
			require.Equal(t, by, got)
			assert.Equal(t, jumped, told, "parted by %s, interval %s", by, interval)
		}
	}
}
