package server

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// A damaged ledger is refused, never served from.
func TestRecordsThatContradictEachOtherAreRefused(t *testing.T) {
	grant := func(seq uint64, slot uint32, request byte) Record {
		return Record{
			Seq: seq, Kind: RecordGrant, Request: messages.RequestID{request}, Lease: leaseID(slot, [12]byte{request}),
			Feature: "f", Count: 1,
		}
	}
	for name, records := range map[string][]Record{
		"unknown kind":              {{Seq: 1, Kind: 9}},
		"out of order":              {grant(2, 0, 1), grant(1, 1, 2)},
		"two leases in a slot":      {grant(1, 0, 1), grant(2, 0, 2)},
		"two leases of one request": {grant(1, 0, 1), grant(2, 1, 1)},
		"a slot beyond all memory":  {grant(1, 1<<31, 1)},
		"an end without a reason":   {grant(1, 0, 1), {Seq: 2, Kind: RecordEnd, Lease: leaseID(0, [12]byte{1})}},
		"an end of another lease":   {grant(1, 0, 1), {Seq: 2, Kind: RecordEnd, Lease: leaseID(0, [12]byte{9}), Reason: messages.Returned}},
	} {
		ledger := &MemoryLedger{}
		require.NoError(t, ledger.Open(nil))
		require.NoError(t, ledger.Append(Batch{Records: records}))
		require.NoError(t, ledger.Close())
		_, err := New(Config{Ledger: ledger, Insecure: true})
		assert.ErrorContains(t, err, "open ledger", name)
		assert.NoError(t, ledger.Open(func(Record) error { return nil }), "%s: the ledger is free again", name)
	}
}

func TestTheLedgerKeepsOnlyWhatIsNeeded(t *testing.T) {
	const takes = 12_288 // three times as many as make a ledger in memory let go of what is dropped
	s := newBookStage(t, Config{Features: plenty})
	for range takes {
		take := seats("f", 1)
		s.take(1, take)
		s.pass(0)
		s.book.cancel(s.client(1), take.request, messages.Returned, s.now)
		s.commit()
	}
	s.pass(2 * s.config.ClientTimeout)
	s.restart()
	require.NoError(t, s.config.Ledger.Close())
	assert.Len(t, replayed(t, s.config.Ledger), 1, "the last start")
}
