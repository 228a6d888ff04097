package transporttest

import (
	"runtime"
	"testing"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// holdAMillion returns a session that holds a million leases, and these leases.
func holdAMillion(b *testing.B) (transport.Session, []messages.LeaseID) {
	b.Helper()
	const n = 1_000_000
	network := NewNetwork()
	network.AddServer("lic1", map[string]int{"f": n})
	session, err := network.Connect(b.Context(), "lic1")
	if err != nil {
		b.Fatal(err)
	}
	leases := make([]messages.LeaseID, 0, n)
	takes := make([]transport.Take, transport.MaxBatch)
	for len(leases) < n {
		takes = takes[:min(len(takes), n-len(leases))]
		for i := range takes {
			takes[i] = transport.Take{Request: randomRequest(), Feature: "f", Count: 1}
		}
		reply, err := session.Checkout(b.Context(), takes)
		if err != nil {
			b.Fatal(err)
		}
		for _, o := range reply.Outcomes {
			leases = append(leases, o.Lease)
		}
	}
	return session, leases
}

// BenchmarkBeatOfAMillionLeases sends heartbeats for one chunk of the largest size after the other.
func BenchmarkBeatOfAMillionLeases(b *testing.B) {
	session, leases := holdAMillion(b)
	b.ReportAllocs()
	from := 0
	for b.Loop() {
		if from+transport.MaxLeases > len(leases) {
			from = 0
		}
		if _, err := session.Heartbeat(b.Context(), leases[from:from+transport.MaxLeases]); err != nil {
			b.Fatal(err)
		}
		from += transport.MaxLeases
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/transport.MaxLeases, "ns/lease")
}

// BenchmarkMemoryOfAMillionLeases reports how much memory the fake server needs for a lease.
func BenchmarkMemoryOfAMillionLeases(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		session, leases := holdAMillion(b)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(leases))-float64(len(leases[0])), "B/lease")
		runtime.KeepAlive(session)
		runtime.KeepAlive(leases)
	}
}
