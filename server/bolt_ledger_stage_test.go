package server

import (
	"cmp"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// boltPath returns where a test can put a ledger.
func boltPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

// eager returns a ledger that sweeps early and a little at a time, so that sweeps are under way most of the time.
func eager(path string) *BoltLedger {
	l := NewBoltLedger(path)
	l.sweeps = sweepBounds{atLeast: 4, least: 1, most: 8}
	return l
}

// unsynced makes a ledger that does not wait for the disk: for tests whose process lives on.
func unsynced(l *BoltLedger) *BoltLedger {
	l.step = func(string) { l.db.NoSync, l.db.NoGrowSync = true, true }
	return l
}

// replayed opens a ledger and returns its records.
func replayed(t require.TestingT, l Ledger) (records []Record) {
	require.NoError(t, l.Open(func(r Record) error {
		records = append(records, r)
		return nil
	}))
	return records
}

// grantRecord and endRecord tell of one lease in a slot.
func grantRecord(seq uint64, slot uint32) Record {
	return Record{
		Seq: seq, Kind: RecordGrant, Holder: Holder{"cn:c", [16]byte{1}}, Request: messages.RequestID{byte(seq), byte(seq >> 8), byte(seq >> 16), 1},
		Lease: leaseID(slot, [12]byte{byte(seq), byte(seq >> 8), 1}), Feature: "f", Major: 1, Count: 1,
	}
}

func endRecord(seq uint64, granted Record) Record {
	return Record{
		Seq: seq, Kind: RecordEnd, Holder: granted.Holder, Request: granted.Request, Lease: granted.Lease,
		Reason: messages.Returned,
	}
}

// netState is what records amount to: for each slot the last one, by number. Others are void.
func netState(records []Record) map[uint32]Record {
	state := make(map[uint32]Record)
	for _, r := range records {
		slot := slotOf(r.Lease[:])
		if r.Kind == RecordStart {
			slot = 1 << 31
		}
		if cmp.Compare(state[slot].Seq, r.Seq) < 0 {
			state[slot] = r
		}
	}
	return state
}
