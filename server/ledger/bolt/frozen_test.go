package bolt

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// testdata/v1.ledger was written by the program as it was before this package existed. It holds three epochs: grants of
// every form, an end for every reason, the end of a request that never had a grant, a grant that replaced another, and
// obsolete records that no compaction has removed. A change that no longer reads it, or writes any of its records in
// another way, locks operators out of their ledgers.
var v1 = func() []ledger.Record {
	var (
		alice   = ledger.Holder{Identity: "uri:spiffe://example.org/alice", Instance: [16]byte{0xa1, 1}}
		build   = ledger.Holder{Identity: "dns:build7.example.org", Instance: [16]byte{0xb2, 2}}
		noTLS   = ledger.Holder{Instance: [16]byte{0xc3, 3}}
		records = []ledger.Record{
			{Seq: 1, Kind: ledger.RecordStart, ServerID: "SERVERONE", Epoch: 1, Wall: 1_800_000_000_000},
			v1Grant(2, alice, 0, 1),
			v1Grant(3, alice, 1, 2),
			v1Grant(4, alice, 2, 3),
			v1Grant(5, build, 3, 4),
			v1Grant(6, build, 4, 5),
			v1Grant(7, noTLS, 5, 6),
			{Seq: 8, Kind: ledger.RecordTime, Wall: 1_800_000_300_000},
			{Seq: 9, Kind: ledger.RecordStart, ServerID: "SERVERONE", Epoch: 2, Wall: 1_800_000_600_000},
			v1Grant(10, alice, 6, 7),
			v1End(11, alice, 0, 1, messages.Replaced),
		}
	)
	records[2].Count, records[2].Overdrawn = 300, true
	records[3].Share, records[3].Group = license.ShareUser, [16]byte{0xee, 1}
	records[4].Share, records[4].Group = license.ShareHost, [16]byte{0xee, 2}
	records[5].Share, records[5].Group, records[5].Overdrawn = license.ShareString, [16]byte{0xee, 3}, true
	records[6].Feature, records[6].Major, records[6].Minor = "sim", 65535, 65535
	for i, reason := range []messages.Reason{
		messages.NoSuchFeature, messages.NoSeats, messages.VersionTooLow, messages.FeatureExpired, messages.Revoked,
		messages.Denied, messages.Malformed, messages.Busy, messages.Draining, messages.RateLimited, messages.Unknown,
		messages.Expired, messages.Replaced, messages.Returned,
	} {
		records = append(records, v1End(12+uint64(i), build, 10+byte(i), 20+byte(i), reason))
	}
	return append(records, ledger.Record{Seq: 26, Kind: ledger.RecordStart, ServerID: "SERVERONE", Epoch: 3, Wall: 1_800_000_900_000})
}()

func v1Grant(seq uint64, h ledger.Holder, slot, n byte) ledger.Record {
	return ledger.Record{
		Seq: seq, Kind: ledger.RecordGrant, Holder: h, Request: messages.RequestID{0x10, n},
		Lease: messages.LeaseID{3: slot, 4: 0x20, 15: n}, Feature: "cad", Major: 2, Minor: 10, Count: 1,
	}
}

func v1End(seq uint64, h ledger.Holder, slot, n byte, reason messages.Reason) ledger.Record {
	return ledger.Record{
		Seq: seq, Kind: ledger.RecordEnd, Holder: h, Request: messages.RequestID{0x10, n},
		Lease: messages.LeaseID{3: slot, 4: 0x20, 15: n}, Reason: reason,
	}
}

// copyOfV1 returns a ledger that is a copy of testdata/v1.ledger.
func copyOfV1(t *testing.T) *Ledger {
	t.Helper()
	if native.Uint16([]byte{1, 0}) != 1 {
		t.Skip("bbolt writes in the byte order of the machine: the file is of one with little endian order")
	}
	file, err := os.ReadFile("testdata/v1.ledger")
	require.NoError(t, err)
	l := New(newPath(t))
	require.NoError(t, os.WriteFile(l.path, file, 0o600))
	return l
}

func TestALedgerThatWasWrittenBeforeReadsAsItWas(t *testing.T) {
	l := copyOfV1(t)
	assert.Equal(t, v1, replayed(t, l))
	more := v1Grant(27, ledger.Holder{Identity: "cn:new"}, 7, 8)
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{more}}))
	require.NoError(t, l.Close())
	assert.Equal(t, append(v1, more), replayed(t, l))
	require.NoError(t, l.Close())
}

func TestRecordsAreWrittenAsTheyWere(t *testing.T) {
	l := copyOfV1(t)
	require.Len(t, replayed(t, l), len(v1))
	require.NoError(t, l.session.db.View(func(tx *bbolt.Tx) error {
		for _, r := range v1 {
			value := tx.Bucket(recordsBucket).Get(binary.BigEndian.AppendUint64(nil, r.Seq))
			written, err := appendRecord(nil, r)
			require.NoError(t, err)
			assert.Equal(t, value[:len(value)-sumLength], written, "record %d", r.Seq)
		}
		return nil
	}))
	require.NoError(t, l.Close())
}

func TestEveryReasonOfTheLedgerHasANumberThatWasWritten(t *testing.T) {
	reasons := make(map[messages.Reason]bool)
	for _, r := range v1 {
		if r.Kind == ledger.RecordEnd {
			reasons[r.Reason] = true
		}
	}
	assert.Len(t, reasons, len(reasonNumbers))
}

func TestTheEndOfALicenceIsKeptAndOldRecordsHaveNone(t *testing.T) {
	l := copyOfV1(t)
	for _, r := range replayed(t, l) {
		assert.Zero(t, r.Until)
	}
	r := v1Grant(27, ledger.Holder{Identity: "cn:new"}, 7, 8)
	r.Until, r.Wall, r.Overdrawn = 1_900_000_000_000, 1, true
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{r}}))
	require.NoError(t, l.Close())
	assert.Equal(t, append(slices.Clip(v1), r), replayed(t, l))
	require.NoError(t, l.Close())
}
