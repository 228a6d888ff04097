package directory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

func TestClocksPartByMoreThanTheSmallerOf30SecondsAndInterval(t *testing.T) {
	for interval, most := range map[time.Duration]time.Duration{
		2 * time.Minute: 30 * time.Second, 30 * time.Second: 30 * time.Second, 12 * time.Second: 12 * time.Second,
	} {
		for by, jumped := range map[time.Duration]bool{
			most: false, most + 1: true, -most: false, -most - 1: true,
		} {
			w := newClockWatch(&protocol.Settings{Interval: interval})
			w.start(protocol.Instant{Mono: time.Hour, Wall: time.Hour})
			got, told := w.look(protocol.Instant{Mono: time.Hour + clockEvery, Wall: time.Hour + clockEvery + by})
			require.Equal(t, by, got)
			assert.Equal(t, jumped, told, "parted by %s, interval %s", by, interval)
		}
	}
}
