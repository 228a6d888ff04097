package grpctransport_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// BenchmarkHeartbeat sends heartbeats for 100,000 leases over mutual TLS on loopback, two chunks in flight; one
// iteration is one heartbeat of all leases. Client and server share the process: the CPU time is that of both.
func BenchmarkHeartbeat(b *testing.B) {
	const held = 100_000
	s := benchHarness(b, held)
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

// BenchmarkCheckout takes one seat in each call and returns it, over mutual TLS on loopback, with 128 callers at once.
func BenchmarkCheckout(b *testing.B) {
	s := benchHarness(b, 1_000_000)
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

// BenchmarkBatchedCheckout takes 100,000 seats in batches of 1,024, two in flight, as a recovery does.
func BenchmarkBatchedCheckout(b *testing.B) {
	s := benchHarness(b, 1<<30)
	session := s.connect()
	for b.Loop() {
		hold(b, session, 100_000)
		require.NoError(b, session.Close())
		session = s.connect() // so that no client holds too many
	}
}

func benchHarness(b *testing.B, seats int) *harness {
	authority := testcert.New(b)
	return startHarness(b, server.Config{
		TLS:      authority.Server(),
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: seats}},
	}, grpctransport.Config{TLS: authority.Client("c1", "")})
}

// hold checks out n leases.
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

// inChunks calls do for each chunk of n, two calls at a time.
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
