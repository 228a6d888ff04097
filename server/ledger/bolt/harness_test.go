package bolt

import (
	"cmp"
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// newPath returns where a test can put a ledger.
func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

// unsynced returns a ledger that does not wait for the disk, for tests whose process lives on.
func unsynced(path string) *Ledger { return NewForTest(path, failpoint.Ledger{NoSync: true}) }

// eager returns an unsynced ledger that compacts early and little at a time, so that a compaction runs most of the time.
func eager(path string) *Ledger {
	return NewForTest(path, failpoint.Ledger{NoSync: true, Compaction: failpoint.Compaction{Start: 4, Min: 1, Most: 8}})
}

// replayed opens a ledger and returns its records.
func replayed(t require.TestingT, l ledger.Ledger) (records []ledger.Record) {
	require.NoError(t, l.Open(func(r ledger.Record) error {
		records = append(records, r)
		return nil
	}))
	return records
}

// leaseIn returns the id of a lease in a slot.
func leaseIn(slot uint32, secret [12]byte) (id messages.LeaseID) {
	binary.BigEndian.PutUint32(id[:], slot)
	copy(id[4:], secret[:])
	return id
}

func slotOf(id messages.LeaseID) uint32 { return binary.BigEndian.Uint32(id[:]) }

// grantRecord and endRecord are about one lease in a slot.
func grantRecord(seq uint64, slot uint32) ledger.Record {
	return ledger.Record{
		Seq: seq, Kind: ledger.RecordGrant, Holder: ledger.Holder{Identity: "cn:c", Instance: [16]byte{1}},
		Request: messages.RequestID{byte(seq), byte(seq >> 8), byte(seq >> 16), 1},
		Lease:   leaseIn(slot, [12]byte{byte(seq), byte(seq >> 8), 1}), Feature: "f", Major: 1, Count: 1,
	}
}

func endRecord(seq uint64, granted ledger.Record) ledger.Record {
	return ledger.Record{
		Seq: seq, Kind: ledger.RecordEnd, Holder: granted.Holder, Request: granted.Request, Lease: granted.Lease,
		Reason: messages.Returned,
	}
}

// netState is what records amount to: the last one of each slot, by number. Earlier ones are obsolete.
func netState(records []ledger.Record) map[uint32]ledger.Record {
	state := make(map[uint32]ledger.Record)
	for _, r := range records {
		slot := slotOf(r.Lease)
		if r.Kind == ledger.RecordStart {
			slot = 1 << 31
		}
		if cmp.Compare(state[slot].Seq, r.Seq) < 0 {
			state[slot] = r
		}
	}
	return state
}
