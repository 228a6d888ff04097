package server

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/internal/testledger"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// boltMillion returns a durable ledger that holds a million leases of the identity "cn:c".
func boltMillion(b *testing.B) *countingLedger {
	l := bolt.New(boltPath(b))
	testledger.Fill(b, l, million, 10, "cn:c")
	return &countingLedger{Ledger: l}
}

// countingLedger counts the records that are appended.
type countingLedger struct {
	*bolt.Ledger
	records atomic.Int64
}

func (l *countingLedger) Append(batch ledger.Batch) error {
	l.records.Add(int64(len(batch.Records)))
	return l.Ledger.Append(batch)
}

// BenchmarkBoltCheckout measures durable checkouts of 128 callers over mutual TLS on loopback while a million leases are
// held. One iteration is one checkout. Each seat is returned some seconds later, so that the returns are scattered over the
// records appended meanwhile. Checkins count as time, not as checkouts.
func BenchmarkBoltCheckout(b *testing.B) {
	const callers, holds = 128, 64 // each caller holds so many seats before it returns the first
	authority := testcert.New(b)
	l := boltMillion(b)
	_, address, _ := serve(b, Config{
		Ledger: l, Features: plenty, TLS: authority.Server(), Limits: Limits{InFlight: callers, Rate: 1 << 30, Burst: 1 << 30},
	})
	conn := wire.NewSeatsClient(dial(b, address, credentials.NewTLS(authority.Client("bench", ""))))
	caller := connectRaw(b, conn)
	took := make([][]time.Duration, callers)
	var left atomic.Int64
	left.Store(int64(b.N))
	before, cpu := l.records.Load(), cpuTime(b)
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
	b.ReportMetric(float64(l.records.Load()-before)/b.Elapsed().Seconds(), "records/s")
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
