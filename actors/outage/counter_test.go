package outage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// outagesAt returns a record of restarts that were over so many minutes after the base.
func outagesAt(base time.Time, minutes ...int) messages.OutageRecord {
	var record messages.OutageRecord
	for _, m := range minutes {
		up := base.Add(time.Duration(m) * time.Minute)
		record.Outages = append(record.Outages, messages.Outage{BootID: up.String(), Restart: true, Down: up, Up: up})
	}
	return record
}

// stopped returns why the counter stops everything.
func stopped(t *testing.T, effects []protocol.Effect) *messages.UnavailableError {
	t.Helper()
	for _, e := range effects {
		if s, ok := e.(StopAll); ok {
			require.NotNil(t, s.Err)
			return s.Err
		}
	}
	require.Fail(t, "the limit was not tripped")
	return nil
}

func TestCounterNamesWhenTheCountIsBackAtMax(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	known := map[string]messages.OutageRecord{"S1": outagesAt(base, 1, 2, 3, 4, 5)}
	d := NewCounter(&protocol.Settings{DownMax: 2, DownWindow: time.Hour}, base, known, protocol.Instant{Wall: 10 * time.Minute})
	err := stopped(t, d.Step(protocol.Instant{Wall: 10 * time.Minute}, &protocol.WakeUp{}))
	assert.Equal(t, 5, err.Count)
	assert.Equal(t, base.Add(time.Hour+3*time.Minute), err.Until)
}

func TestCounterNamesTheServerWhoseWindowHasRoomLast(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, last := range []string{"S1", "S2", "S3"} {
		known := map[string]messages.OutageRecord{
			"S1": outagesAt(base, 1, 9), "S2": outagesAt(base, 2, 9), "S3": outagesAt(base, 3, 9),
		}
		known[last] = outagesAt(base, 8, 9)
		d := NewCounter(&protocol.Settings{DownMax: 1, DownWindow: time.Hour}, base, known, protocol.Instant{Wall: 10 * time.Minute})
		err := stopped(t, d.Step(protocol.Instant{Wall: 10 * time.Minute}, &protocol.WakeUp{}))
		assert.Equal(t, last, err.Server.ID)
		assert.Equal(t, base.Add(time.Hour+8*time.Minute), err.Until)
	}
}
