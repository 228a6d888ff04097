package server

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// boltMillion returns a durable ledger that holds a million leases of the identity "cn:c".
func boltMillion(b *testing.B) *BoltLedger {
	memory, l := ownedBy{loadedLedger(b, million, 10), "cn:c"}, bolt.New(boltPath(b))
	require.Empty(b, replayed(b, l))
	var batch Batch
	require.NoError(b, memory.Open(func(r Record) error {
		if batch.Records = append(batch.Records, r); len(batch.Records) < batchWeight {
			return nil
		}
		defer func() { batch.Records = batch.Records[:0] }()
		return l.Append(batch)
	}))
	require.NoError(b, l.Append(batch))
	require.NoError(b, l.Close())
	return l
}

// BenchmarkBoltCheckout is the durable checkouts that 128 callers get over mutual TLS on loopback while a million leases
// are held. One iteration is one checkout; each seat is returned some seconds later, so that the returns are scattered
// over what was appended meanwhile. Checkins count for the time and not as checkouts.
func BenchmarkBoltCheckout(b *testing.B) {
	const callers, holds = 128, 64 // each caller holds so many seats before it returns the first
	authority := testcert.New(b)
	s, address, _ := serve(b, Config{
		Ledger: boltMillion(b), Features: plenty, TLS: authority.Server(), Limits: Limits{InFlight: callers, Rate: 1 << 30, Burst: 1 << 30},
	})
	conn := wire.NewSeatsClient(dial(b, address, credentials.NewTLS(authority.Client("bench", ""))))
	caller := connectRaw(b, conn)
	took := make([][]time.Duration, callers)
	var left atomic.Int64
	left.Store(int64(b.N))
	before, cpu := s.engine.book.seq, cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range took {
		wg.Go(func() {
			var held [][]byte
			for left.Add(-1) >= 0 {
				begin := time.Now()
				held = append(held, checkoutOne(b, conn, caller))
				took[i] = append(took[i], time.Since(begin))
				if len(held) > holds {
					_, err := conn.Checkin(context.Background(), &wire.CheckinRequest{Caller: caller, Leases: held[0]})
					require.NoError(b, err)
					held = held[1:]
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N)/1e3, "cpu-us/checkout") // client and checkin included
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
	b.ReportMetric(float64(s.engine.book.seq-before)/b.Elapsed().Seconds(), "records/s")
	all := slices.Concat(took...)
	slices.SortFunc(all, cmp.Compare)
	b.ReportMetric(float64(all[len(all)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100])/1e6, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

var benchRequest atomic.Uint64

func checkoutOne(b *testing.B, conn wire.SeatsClient, caller *wire.Caller) []byte {
	request := binary.BigEndian.AppendUint64([]byte("requests"), benchRequest.Add(1))
	reply, err := conn.Checkout(context.Background(), &wire.CheckoutRequest{
		Caller: caller, Takes: []*wire.Take{{Request: request, Feature: "f", Major: 1, Count: 1}},
	})
	if err != nil || reply.GetOutcomes()[0].GetResult() != wire.Result_RESULT_GRANTED {
		b.Fatal(err, reply)
	}
	return reply.GetOutcomes()[0].GetLease()
}

// BenchmarkBoltReload is a restart with a million leases in a durable ledger.
func BenchmarkBoltReload(b *testing.B) {
	l := boltMillion(b)
	empty := heap()
	var served int64
	var cpu time.Duration
	for b.Loop() {
		begin := cpuTime(b)
		s, err := New(Config{Ledger: l, Features: plenty, Insecure: true})
		require.NoError(b, err)
		b.StopTimer()
		cpu += cpuTime(b) - begin
		served = heap()
		require.NoError(b, s.Stop(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(float64(served-empty)/(1<<20), "server-MB")
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
}

// BenchmarkBoltAppend is the ledger alone: batches of 128 records, half of them ends of leases granted a million records
// ago, so that the sweeps are at work too.
func BenchmarkBoltAppend(b *testing.B) {
	l := boltMillion(b)
	var old []Record
	seq := uint64(0)
	require.NoError(b, l.Open(func(r Record) error {
		seq = r.Seq
		if r.Kind == RecordGrant {
			old = append(old, r)
		}
		return nil
	}))
	var longest time.Duration
	for b.Loop() {
		var batch Batch
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
	l := boltMillion(b)
	require.NoError(b, l.Open(func(Record) error { return nil }))
	var n int64
	for b.Loop() {
		var err error
		n, err = l.Backup(io.Discard)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(n)/(1<<20), "MB")
	require.NoError(b, l.Close())
}
