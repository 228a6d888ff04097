package bolt

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testledger"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// million returns a ledger that holds a million leases.
func million(b *testing.B) *Ledger {
	l := New(newPath(b))
	testledger.Fill(b, l, 1_000_000, 10, "cn:c")
	return l
}

// BenchmarkBoltAppend is the ledger alone: batches of 128 records, half of them ends of leases granted a million records
// ago, so that compaction is at work too.
func BenchmarkBoltAppend(b *testing.B) {
	l := million(b)
	var old []ledger.Record
	seq := uint64(0)
	require.NoError(b, l.Open(func(r ledger.Record) error {
		seq = r.Seq
		if r.Kind == ledger.RecordGrant {
			old = append(old, r)
		}
		return nil
	}))
	var longest time.Duration
	for b.Loop() {
		var batch ledger.Batch
		for range 64 {
			at := int(seq*2654435761) % len(old) // scattered
			g := old[at]
			batch.Drop = append(batch.Drop, g.Seq)
			batch.Records = append(batch.Records, endRecord(seq+1, g))
			seq += 2
			g.Seq, old[at].Seq = seq, seq
			batch.Records = append(batch.Records, g)
		}
		begin := time.Now()
		require.NoError(b, l.Append(batch))
		longest = max(longest, time.Since(begin))
	}
	b.ReportMetric(float64(b.N)*128/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(longest)/1e6, "longest-ms")
	require.NoError(b, l.Close())
}

// BenchmarkBoltBackup is a backup of a million leases.
func BenchmarkBoltBackup(b *testing.B) {
	l := million(b)
	require.NoError(b, l.Open(func(ledger.Record) error { return nil }))
	var n int64
	for b.Loop() {
		var err error
		n, err = l.Backup(io.Discard)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(n)/(1<<20), "MB")
	require.NoError(b, l.Close())
}
