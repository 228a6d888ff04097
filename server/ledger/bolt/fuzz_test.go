package bolt

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// Whatever the file of a ledger contains, it is read within its bounds.

func FuzzLedgerRecord(f *testing.F) {
	grant := grantRecord(7, 3)
	grant.Holder.Identity = "uri:spiffe://example.org/a"
	for _, r := range []ledger.Record{grant, endRecord(8, grant), {Kind: ledger.RecordStart, ServerID: "S1", Epoch: 1 << 40}} {
		value, err := appendRecord(nil, r)
		require.NoError(f, err)
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		reader := recordReader{texts: map[string]string{}}
		key := binary.BigEndian.AppendUint64(nil, 9)
		r, err := reader.read(key, append(bytes.Clone(value), make([]byte, sumLength)...))
		if err != nil {
			return
		}
		again, err := appendRecord(nil, r)
		require.NoError(t, err)
		same, err := reader.read(key, append(again, make([]byte, sumLength)...))
		require.NoError(t, err)
		assert.Equal(t, r, same)
	})
}

// FuzzLedgerFile corrects the checksums of the two meta pages, so that the fuzzer reaches what they refer to.
func FuzzLedgerFile(f *testing.F) {
	for _, rounds := range []int{0, 4, 40} {
		f.Add(ledgerFile(f, rounds))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		file = bytes.Clone(file)
		for _, at := range []int{0, imagePage} {
			if meta := at + pageHeader; len(file) >= meta+metaLength {
				sum := fnv.New64a()
				_, _ = sum.Write(file[meta : meta+metaLength-8])
				native.PutUint64(file[meta+metaLength-8:], sum.Sum64())
			}
		}
		pages, err := openPages(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		_, records, err := readRoot(pages)
		if err != nil {
			return
		}
		last := uint64(0)
		found, err := readRecords(pages, records, func(r ledger.Record) error {
			require.Greater(t, r.Seq, last)
			last = r.Seq
			return nil
		})
		if err == nil {
			assert.LessOrEqual(t, found.count, uint64(len(file)/(seqLength+sumLength)))
		}
	})
}

// ledgerFile returns the file of a ledger with some leases, held and ended, without the unused space at its end.
func ledgerFile(f *testing.F, rounds int) []byte {
	f.Helper()
	l := eager(newPath(f))
	require.Empty(f, replayed(f, l))
	for round := range rounds {
		seq, slot := uint64(3*round+1), uint32(2*round)
		ended, held := grantRecord(seq, slot), grantRecord(seq+1, slot+1)
		held.Count = 2
		require.NoError(f, l.Append(ledger.Batch{Records: []ledger.Record{ended, held}}))
		require.NoError(f, l.Append(ledger.Batch{Records: []ledger.Record{endRecord(seq+2, ended)}, Drop: []uint64{seq}}))
	}
	require.NoError(f, l.Close())
	file, err := os.ReadFile(l.path)
	require.NoError(f, err)
	pages, err := openPages(bytes.NewReader(file), int64(len(file)))
	require.NoError(f, err)
	return file[:pages.meta.pages*uint64(pages.meta.pageSize)]
}
