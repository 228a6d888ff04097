package server

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport/wire"
)

const million = 1_000_000

// loadedLedger holds so many leases of feature f, spread over clients.
func loadedLedger(tb testing.TB, leases, clients int) *ledger.Memory {
	loaded := &ledger.Memory{}
	s := newBookStage(tb, Config{Ledger: loaded, Features: plenty})
	for i := range leases {
		o := s.book.take(s.client(byte(1+i*clients/leases)), seats("f", 1), 0)
		require.Equal(tb, granted, o.result)
		if len(s.book.batch.Records) == batchWeight {
			s.commit()
		}
	}
	s.commit()
	require.NoError(tb, loaded.Close())
	return loaded
}

var plenty = []Feature{{Name: "f", Version: messages.V(1, 0), Seats: MaxSeats}}

// BenchmarkBeat is the server's part of a heartbeat without its network: a million leases, expiry and ownership checked.
// One iteration beats one chunk of 4,096.
func BenchmarkBeat(b *testing.B) {
	s := newBookStage(b, Config{Ledger: loadedLedger(b, million, 1), Features: plenty})
	c, ids := s.client(1), packedLeases(s.book)
	chunk := wire.MaxLeases * wire.IDLength
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		if at+chunk > len(ids) {
			at = 0
			require.False(b, s.book.expire(time.Second, choreWeight))
		}
		if missed := s.book.table.beat(c.index, ids[at:at+chunk], time.Second); len(missed) > 0 {
			b.Fatal("missed")
		}
		at += chunk
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/wire.MaxLeases, "ns/lease")
}

func packedLeases(b *book) (ids []byte) {
	for number := range b.used {
		id := leaseID(number, b.table.secret(number))
		ids = append(ids, id[:]...)
	}
	return ids
}

// BenchmarkHeartbeat is a million leases of ten clients beaten over mutual TLS on loopback. One iteration beats all of
// them. The client is a bare one that sends prepared messages; its CPU time is in the figures.
func BenchmarkHeartbeat(b *testing.B) {
	const clients = 10
	authority := testcert.New(b)
	loaded := ownedBy{loadedLedger(b, million, clients), "cn:c"}
	s, address, _ := serve(b, Config{Ledger: loaded, Features: plenty, TLS: authority.Server()})
	ids := packedLeases(s.engine.book)
	creds := credentials.NewTLS(authority.Client("c", ""))
	var raw [clients]wire.SeatsClient
	for i := range raw {
		raw[i] = wire.NewSeatsClient(dial(b, address, creds))
	}
	cpu := cpuTime(b)
	for b.Loop() {
		var wg sync.WaitGroup
		for i, seats := range raw {
			wg.Go(func() { beatShare(b, seats, byte(1+i), ids[i*len(ids)/clients:(i+1)*len(ids)/clients]) })
		}
		wg.Wait()
	}
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N)/million, "cpu-ns/lease")
	b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "leases/s")
	b.ReportMetric(0, "ns/op")
}

func beatShare(b *testing.B, seats wire.SeatsClient, instance byte, ids []byte) {
	caller := &wire.Caller{Instance: append([]byte{instance}, make([]byte, 15)...), Session: 1}
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

// ownedBy is a ledger in which one identity holds everything that was loaded.
type ownedBy struct {
	ledger.Ledger
	identity string
}

// Open replays the records under the identity.
func (l ownedBy) Open(replay func(ledger.Record) error) error {
	return l.Ledger.Open(func(r ledger.Record) error {
		r.Holder.Identity = l.identity
		return replay(r)
	})
}

// BenchmarkCommit is what the committer can decide and commit in memory: 128 callers, one seat each, taken and returned.
func BenchmarkCommit(b *testing.B) { benchmarkCommit(b, nil) }

// BenchmarkCommitAudited is the same with an audit in JSON, to nowhere.
func BenchmarkCommitAudited(b *testing.B) {
	benchmarkCommit(b, slog.New(slog.NewJSONHandler(io.Discard, nil)))
}

func benchmarkCommit(b *testing.B, audit *slog.Logger) {
	config := Config{Ledger: loadedLedger(b, million, 1), Features: plenty, Insecure: true, Audit: audit}
	e, err := newEngine(config.withDefaults())
	require.NoError(b, err)
	defer func() { require.NoError(b, e.stop()) }()
	h := Holder{Identity: "c", Instance: [16]byte{1}}
	session, err := e.connect(h, nil)
	require.NoError(b, err)
	c, err := e.clients.enter(h, session, 0)
	require.NoError(b, err)
	b.SetParallelism(128 / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o, err := e.checkout(b.Context(), c, []take{seats("f", 1)})
			if err != nil || o[0].result != granted {
				b.Errorf("%v %v", err, o)
			}
			if err := e.checkin(b.Context(), c, []messages.LeaseID{o[0].lease}, nil); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
}

// BenchmarkReload is a restart with a million leases. It reports the heap that the server then takes, and that of its
// ledger, which a durable one has on disk.
func BenchmarkReload(b *testing.B) {
	empty := heap()
	ledger := loadedLedger(b, million, 10)
	loaded := heap()
	var served int64
	for b.Loop() {
		s, err := New(Config{Ledger: ledger, Features: plenty, Insecure: true})
		require.NoError(b, err)
		b.StopTimer()
		served = heap()
		require.NoError(b, s.Stop(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(float64(loaded-empty)/(1<<20), "ledger-MB")
	b.ReportMetric(float64(served-loaded)/(1<<20), "server-MB")
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// cpuTime returns the processor time that the process has used.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
