package grpctransport_test

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// BenchmarkHeartbeat beats 100,000 leases over mutual TLS on loopback, two chunks in flight; one iteration is one beat
// of all of them. Client and server share the process: the CPU time is that of both.
func BenchmarkHeartbeat(b *testing.B) {
	const held = 100_000
	s := benchStage(b, held)
	session := s.connect()
	leases := hold(b, session, held)
	cpu := cpuTime(b)
	for b.Loop() {
		beatAll(b, session, leases)
	}
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N)/held, "cpu-ns/lease")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/held, "ns/lease")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCheckout takes one seat a call over mutual TLS on loopback, 128 callers at once, and returns it.
func BenchmarkCheckout(b *testing.B) {
	s := benchStage(b, 1_000_000)
	session := s.connect()
	b.SetParallelism(128 / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o := checkout(b, session, takeOf("f", 1))
			_, err := session.Checkin(b.Context(), []transport.Return{{Lease: o.Lease}})
			require.NoError(b, err)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
}

// BenchmarkBatchedCheckout takes 100,000 seats in batches of 1,024, two in flight: what a recovery does.
func BenchmarkBatchedCheckout(b *testing.B) {
	s := benchStage(b, 1<<30)
	session := s.connect()
	for b.Loop() {
		hold(b, session, 100_000)
		require.NoError(b, session.Close())
		session = s.connect() // so that no client holds too many
	}
}

func benchStage(b *testing.B, seats int) *stage {
	authority := testcert.New(b)
	return startStage(b, server.Config{
		TLS:      authority.Server(),
		Features: []server.Feature{{Name: "f", Version: messages.V(1, 0), Seats: seats}},
	}, grpctransport.Config{TLS: authority.Client("c1", "")})
}

// hold checks out so many leases.
func hold(b *testing.B, session transport.Session, n int) []messages.LeaseID {
	leases := make([]messages.LeaseID, n)
	inChunks(n, transport.MaxBatch, func(from, to int) {
		takes := make([]transport.Take, to-from)
		for i := range takes {
			takes[i] = takeOf("f", 1)
		}
		reply, err := session.Checkout(b.Context(), takes)
		require.NoError(b, err)
		for i, o := range reply.Outcomes {
			require.Equal(b, transport.Granted, o.Result)
			leases[from+i] = o.Lease
		}
	})
	return leases
}

func beatAll(b *testing.B, session transport.Session, leases []messages.LeaseID) {
	inChunks(len(leases), transport.MaxLeases, func(from, to int) {
		reply, err := session.Heartbeat(b.Context(), leases[from:to])
		if err != nil || len(reply.Ended) > 0 {
			b.Errorf("heartbeat: %v, %d ended", err, len(reply.Ended))
		}
	})
}

// inChunks runs do for the chunks of n, two at a time.
func inChunks(n, chunk int, do func(from, to int)) {
	var wg sync.WaitGroup
	starts := make(chan int)
	for range 2 {
		wg.Go(func() {
			for from := range starts {
				do(from, min(from+chunk, n))
			}
		})
	}
	for from := 0; from < n; from += chunk {
		starts <- from
	}
	close(starts)
	wg.Wait()
}

// cpuTime returns the processor time that the process has used.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
