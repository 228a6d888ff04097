package ledger

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func seqsOf(t *testing.T, l Ledger) (seqs []uint64) {
	t.Helper()
	require.NoError(t, l.Open(func(r Record) error {
		seqs = append(seqs, r.Seq)
		return nil
	}))
	require.NoError(t, l.Close())
	return seqs
}

func TestAMemoryLedgerReplaysWhatWasNotDroppedInOrder(t *testing.T) {
	l := &Memory{}
	require.NoError(t, l.Open(nil))
	for seq := uint64(1); seq <= 3*memoryBlock; seq++ {
		batch := Batch{Records: []Record{{Seq: seq}}}
		if seq%100 != 0 {
			batch.Drop = []uint64{seq}
		}
		require.NoError(t, l.Append(batch))
	}
	assert.Less(t, l.kept, 2*memoryBlock, "what was dropped takes no memory for ever")
	require.NoError(t, l.Close())
	seqs := seqsOf(t, l)
	require.Len(t, seqs, 3*memoryBlock/100)
	for i, seq := range seqs {
		assert.Equal(t, uint64(i+1)*100, seq)
	}
}

func TestAMemoryLedgerServesOneServerAtATime(t *testing.T) {
	l := &Memory{}
	assert.Error(t, l.Append(Batch{}), "it is not open")
	require.NoError(t, l.Open(nil))
	assert.ErrorIs(t, l.Open(nil), errInUse)
	require.NoError(t, l.Close())
	assert.NoError(t, l.Open(nil))
}

func TestAFaultOfReplayIsReturnedAndLeavesTheLedgerFree(t *testing.T) {
	l := &Memory{}
	require.NoError(t, l.Open(nil))
	require.NoError(t, l.Append(Batch{Records: []Record{{Seq: 1}}}))
	require.NoError(t, l.Close())
	fault := errors.New("no")
	assert.ErrorIs(t, l.Open(func(Record) error { return fault }), fault)
	assert.Equal(t, []uint64{1}, seqsOf(t, l))
}
