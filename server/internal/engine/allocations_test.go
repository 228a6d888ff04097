package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testledger"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Allocations of the hot path, which do not depend on the speed of a machine. Explain a figure that grows, or undo the
// change.

func TestABeatOfAWholeChunkAllocatesNothing(t *testing.T) {
	l := &ledger.Memory{}
	testledger.Fill(t, l, wire.MaxLeases, 1, "c")
	e, err := New(withDefaults(Config{Ledger: l, Features: []license.Feature{feature(wire.MaxLeases)}}))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Stop()) }()
	c, err := e.Enter(ledger.Holder{Identity: "c", Instance: testledger.Instance(0)}, 1)
	require.NoError(t, err)
	ids := testledger.Packed(wire.MaxLeases)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if missed := e.allocator.Beat(c, ids, time.Second); len(missed) > 0 {
			t.Error("missed")
		}
	}))
}
