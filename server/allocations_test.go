package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// Allocations of the hot path, which no machine's speed changes. A figure that grows is to be explained, or taken back.

func TestABeatOfAWholeChunkAllocatesNothing(t *testing.T) {
	s := newBookStage(t, Config{Ledger: loadedLedger(t, wire.MaxLeases, 1), Features: plenty})
	c, ids := s.client(1), packedLeases(s.book)
	require.Len(t, ids, wire.MaxLeases*wire.IDLength)
	require.NoError(t, checkPacked(ids, maxBeat))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if missed := s.book.table.beat(c.index, ids, time.Second); len(missed) > 0 {
			t.Error("missed")
		}
	}))
}
