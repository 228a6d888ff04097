package server

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/internal/testledger"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

const million = 1_000_000

var plenty = []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: license.MaxSeats}}

// loaded returns a ledger in memory that holds a million leases of an identity, by so many clients.
func loaded(b *testing.B, clients int, identity string) *ledger.Memory {
	l := &ledger.Memory{}
	testledger.Fill(b, l, million, clients, identity)
	return l
}

// BenchmarkHeartbeat is a million leases of ten clients beaten over mutual TLS on loopback. One iteration beats all of
// them. The client is a bare one that sends prepared messages; its CPU time is in the figures.
func BenchmarkHeartbeat(b *testing.B) {
	const clients = 10
	authority := testcert.New(b)
	_, address, _ := serve(b, Config{Ledger: loaded(b, clients, "cn:c"), Features: plenty, TLS: authority.Server()})
	ids := testledger.Packed(million)
	creds := credentials.NewTLS(authority.Client("c", ""))
	var raw [clients]wire.SeatsClient
	for i := range raw {
		raw[i] = wire.NewSeatsClient(dial(b, address, creds))
	}
	cpu := cpuTime(b)
	for b.Loop() {
		var wg sync.WaitGroup
		for i, seats := range raw {
			wg.Go(func() { beatShare(b, seats, testledger.Instance(i), ids[i*len(ids)/clients:(i+1)*len(ids)/clients]) })
		}
		wg.Wait()
	}
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N)/million, "cpu-ns/lease")
	b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "leases/s")
	b.ReportMetric(0, "ns/op")
}

func beatShare(b *testing.B, seats wire.SeatsClient, instance [16]byte, ids []byte) {
	caller := &wire.Caller{Instance: instance[:], Session: 1}
	for len(ids) > 0 {
		n := min(len(ids), wire.MaxLeases*wire.IDLength)
		reply, err := seats.Heartbeat(context.Background(), &wire.HeartbeatRequest{Caller: caller, Leases: ids[:n]})
		if err != nil || len(reply.GetEnded()) > 0 {
			b.Errorf("%v, %d ended", err, len(reply.GetEnded()))
			return
		}
		ids = ids[n:]
	}
}

// BenchmarkCommit is what the committer can decide and commit in memory: 128 callers, one seat each, taken and returned.
func BenchmarkCommit(b *testing.B) { benchmarkCommit(b, nil) }

// BenchmarkCommitAudited is the same with an audit in JSON, to nowhere.
func BenchmarkCommitAudited(b *testing.B) {
	benchmarkCommit(b, slog.New(slog.NewJSONHandler(io.Discard, nil)))
}

func benchmarkCommit(b *testing.B, audit *slog.Logger) {
	s, err := New(Config{Ledger: loaded(b, 1, "c"), Features: plenty, Insecure: true, Audit: audit})
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Stop(b.Context())) }()
	e, h := s.engine, ledger.Holder{Identity: "c", Instance: testledger.Instance(0)}
	session, err := e.Connect(h, nil, nil)
	require.NoError(b, err)
	c, err := e.Enter(h, session)
	require.NoError(b, err)
	b.SetParallelism(128 / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o, err := e.Checkout(b.Context(), c, []seats.Take{takeOne()})
			if err != nil || o[0].Result != seats.Granted {
				b.Errorf("%v %v", err, o)
			}
			if err := e.Checkin(b.Context(), c, []messages.LeaseID{o[0].Lease}, nil); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
}

// takeOne is a new take of one seat of f.
func takeOne() seats.Take {
	t := seats.Take{Feature: "f", Version: messages.V(1, 0), Count: 1}
	_, _ = rand.Read(t.Request[:])
	return t
}

// BenchmarkReload is a restart with a million leases. It reports the heap that the server then takes, and that of its
// ledger, which a durable one has on disk.
func BenchmarkReload(b *testing.B) {
	empty := heap()
	l := loaded(b, 10, "c")
	full := heap()
	var served int64
	for b.Loop() {
		s, err := New(Config{Ledger: l, Features: plenty, Insecure: true})
		require.NoError(b, err)
		b.StopTimer()
		served = heap()
		require.NoError(b, s.Stop(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(float64(full-empty)/(1<<20), "ledger-MB")
	b.ReportMetric(float64(served-full)/(1<<20), "server-MB")
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
