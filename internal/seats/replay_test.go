package seats

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// A damaged ledger is refused, never served from.
func TestRecordsThatContradictEachOtherAreRefused(t *testing.T) {
	grant := func(seq uint64, slot uint32, request byte) ledger.Record {
		return ledger.Record{
			Seq: seq, Kind: ledger.RecordGrant, Request: messages.RequestID{request}, Lease: leaseID(slot, [12]byte{request}),
			Feature: "f", Count: 1,
		}
	}
	for name, records := range map[string][]ledger.Record{
		"unknown kind":              {{Seq: 1, Kind: 9}},
		"out of order":              {grant(2, 0, 1), grant(1, 1, 2)},
		"two leases in a slot":      {grant(1, 0, 1), grant(2, 0, 2)},
		"two leases of one request": {grant(1, 0, 1), grant(2, 1, 1)},
		"a slot beyond all memory":  {grant(1, 1<<31, 1)},
		"an end without a reason":   {grant(1, 0, 1), {Seq: 2, Kind: ledger.RecordEnd, Lease: leaseID(0, [12]byte{1})}},
		"an end of another lease":   {grant(1, 0, 1), {Seq: 2, Kind: ledger.RecordEnd, Lease: leaseID(0, [12]byte{9}), Reason: messages.Returned}},
	} {
		l := &ledger.Memory{}
		require.NoError(t, l.Open(nil))
		require.NoError(t, l.Append(ledger.Batch{Records: records}))
		require.NoError(t, l.Close())
		_, err := New(Config{Limits: manyLimits}, NewClients(manyLimits, 0)).Load(l)
		assert.ErrorContains(t, err, "record ", name)
		assert.NoError(t, l.Open(func(ledger.Record) error { return nil }), "%s: the ledger is free again", name)
	}
}

func TestTheLedgerKeepsOnlyWhatIsNeeded(t *testing.T) {
	const takes = 12_288 // three times as many as make a ledger in memory remove dropped records
	s := newHarness(t, plenty)
	for range takes {
		take := seats("f", 1)
		s.take(1, take)
		s.pass(0)
		s.allocator.cancel(s.client(1), take.Request, messages.Returned, s.now)
		s.commit()
	}
	s.pass(2 * s.config.ClientTimeout)
	s.restart()
	require.NoError(t, s.ledger.Close())
	var kept []ledger.Record
	require.NoError(t, s.ledger.Open(func(r ledger.Record) error {
		kept = append(kept, r)
		return nil
	}))
	assert.Len(t, kept, 1, "the last start")
}
