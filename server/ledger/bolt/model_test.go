package bolt

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// ledgerPair is a durable ledger beside a ledger in memory that gets the same batches.
type ledgerPair struct {
	t        *rapid.T
	memory   *ledger.Memory
	bolt     *Ledger
	seq      uint64
	slots    []ledger.Record // by slot: the newest record; of no kind when the slot is free
	all      map[uint64]ledger.Record
	dropped  map[uint64]bool
	obsolete []uint64 // to be dropped with the next batch
}

func (p *ledgerPair) record(slot int, r ledger.Record) {
	p.all[r.Seq], p.slots[slot] = r, r
}

// Append appends to both some steps of some leases: a grant, its end, and that the end is dropped.
func (p *ledgerPair) Append(*rapid.T) {
	batch := ledger.Batch{Drop: p.obsolete}
	p.obsolete = nil
	for _, slot := range rapid.SliceOfN(rapid.IntRange(0, len(p.slots)-1), 0, 30).Draw(p.t, "slots") {
		switch r := p.slots[slot]; r.Kind {
		case ledger.RecordGrant:
			p.seq++
			p.record(slot, endRecord(p.seq, r))
			batch.Records, batch.Drop = append(batch.Records, p.slots[slot]), append(batch.Drop, r.Seq)
		case ledger.RecordEnd:
			batch.Drop = append(batch.Drop, r.Seq)
			p.slots[slot] = ledger.Record{}
		default:
			p.seq++
			p.record(slot, grantRecord(p.seq, uint32(slot)))
			batch.Records = append(batch.Records, p.slots[slot])
		}
	}
	for _, seq := range batch.Drop {
		p.dropped[seq] = true
	}
	require.NoError(p.t, p.memory.Append(batch))
	require.NoError(p.t, p.bolt.Append(batch))
}

// Restart opens both again. The durable ledger returns the records of the other, besides them only dropped records, and among
// those no grant without its end.
func (p *ledgerPair) Restart(*rapid.T) {
	require.NoError(p.t, p.memory.Close())
	require.NoError(p.t, p.bolt.Close())
	var kept []ledger.Record
	found := replayed(p.t, p.bolt)
	for i, r := range found {
		require.Equal(p.t, p.all[r.Seq], r)
		require.True(p.t, i == 0 || found[i-1].Seq < r.Seq)
		if !p.dropped[r.Seq] {
			kept = append(kept, r)
		}
	}
	require.Equal(p.t, replayed(p.t, p.memory), kept)
	for slot, r := range netState(found) {
		if r.Seq != p.slots[slot].Seq {
			require.Equal(p.t, ledger.RecordEnd, r.Kind, "an end was lost before its grant")
		}
		for _, old := range found { // as the server does when it loads
			if slotOf(old.Lease) == slot && old.Seq != p.slots[slot].Seq {
				p.obsolete = append(p.obsolete, old.Seq)
			}
		}
	}
}

func TestADurableLedgerGivesBackWhatOneInMemoryDoes(t *testing.T) {
	pathOf := func() string { return newPath(t) }
	rapid.Check(t, func(t *rapid.T) {
		p := &ledgerPair{
			t: t, memory: &ledger.Memory{}, bolt: eager(pathOf()), slots: make([]ledger.Record, 40),
			all: make(map[uint64]ledger.Record), dropped: make(map[uint64]bool),
		}
		require.Empty(t, replayed(t, p.memory))
		require.Empty(t, replayed(t, p.bolt))
		t.Repeat(map[string]func(*rapid.T){"append": p.Append, "append more": p.Append, "restart": p.Restart})
		p.Restart(t)
		require.NoError(t, p.bolt.Close())
	})
}
