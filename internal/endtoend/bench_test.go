package endtoend

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// BenchmarkRecovery measures the recovery of 100,000 features after a restart of their server, over mutual TLS and with the
// ledger in a file: from the first connection that the server accepts until every feature is held again and its events were
// delivered.
func BenchmarkRecovery(b *testing.B) {
	b.Run("resumed", func(b *testing.B) { benchmarkRecovery(b, false) })
	b.Run("retaken", func(b *testing.B) { benchmarkRecovery(b, true) }) // the ledger is replaced by an empty one
}

func benchmarkRecovery(b *testing.B, lost bool) {
	const features = 100_000
	var total time.Duration
	for b.Loop() {
		s := benchServer(b)
		empty := backUp(s)
		var told atomic.Int64 // events that were delivered or dropped
		rt, connected := startBench(b, s, func(e messages.Event) {
			switch e := e.(type) {
			case messages.CheckedOut, messages.RetryingFeature, messages.CheckoutSucceeded:
				told.Add(1)
			case messages.EventsDropped:
				told.Add(int64(e.Number))
			}
		})
		licenses := takeAll(b, rt, features)
		s.stop()
		require.Error(b, licenses[0].Heartbeat(b.Context()), "the outage is noticed")
		connected.Store(nil)
		if lost {
			restore(s, empty)
		}
		s.start()
		_ = licenses[0].Heartbeat(b.Context()) // makes the connection look for the server at once
		for told.Load() < 3*features {         // one event at the checkout, two at the recovery
			time.Sleep(time.Millisecond)
		}
		total += time.Since(*connected.Load())
		require.Equal(b, features, rt.Status().Features[messages.StateHeld])
		require.NoError(b, rt.Close(context.Background()))
		s.stop()
	}
	b.ReportMetric(total.Seconds()/float64(b.N), "s")
	b.ReportMetric(0, "ns/op")
}

// backUp restarts the server and returns a copy of the ledger.
func backUp(s *licenseServer) (file string) {
	s.stop()
	content, err := os.ReadFile(s.ledger)
	require.NoError(s.t, err)
	file = filepath.Join(s.t.TempDir(), "ledger")
	require.NoError(s.t, os.WriteFile(file, content, 0o600))
	s.start()
	return file
}

// restore makes the server start with the copy, and with a higher Epoch than the lost ledger had.
func restore(s *licenseServer, file string) {
	s.config.Ledger = bolt.New(file)
	between, err := server.New(s.config)
	require.NoError(s.t, err)
	require.NoError(s.t, between.Stop(s.t.Context()))
}

// BenchmarkCheckout measures checkouts of 128 goroutines from one runtime, over mutual TLS and with the ledger in a file,
// while other features are held. One iteration is one checkout and its checkin; p50 and p99 are those of the checkout.
func BenchmarkCheckout(b *testing.B) {
	for _, held := range []int{0, 1_000_000} {
		s := benchServer(b)
		rt, _ := startBench(b, s, nil)
		takeAll(b, rt, held)
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) { benchmarkCheckout(b, rt) })
		s.stop() // before Close, so that a million seats need not be returned
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = rt.Close(ended)
	}
}

func benchmarkCheckout(b *testing.B, rt *supervisor.Runtime) {
	const callers = 128
	took := make([][]time.Duration, callers)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for caller := range took {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				begin := time.Now()
				license, err := rt.Checkout(b.Context(), benchSeat)
				took[caller] = append(took[caller], time.Since(begin))
				if err == nil {
					err = license.Checkin(b.Context())
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
	sorted := slices.Concat(took...)
	slices.SortFunc(sorted, cmp.Compare)
	b.ReportMetric(sorted[len(sorted)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(sorted[len(sorted)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

var benchSeat = messages.Checkout{Feature: "cad", Version: messages.V(1, 0)}

// benchServer serves more seats than the benchmarks take, without limits for a client, because there is only one.
func benchServer(b *testing.B) *licenseServer {
	b.Helper()
	const unlimited = 1 << 26
	authority, ledger := testcert.New(b), filepath.Join(b.TempDir(), "ledger")
	s := serve(b, server.Config{
		Ledger:   bolt.New(ledger),
		Features: []license.Feature{{Name: benchSeat.Feature, Version: benchSeat.Version, Seats: license.MaxSeats}},
		TLS:      authority.Server(),
		Limits:   server.Limits{InFlight: unlimited, ClientLeases: unlimited, Rate: unlimited, Burst: unlimited},
	})
	s.client, s.ledger = authority.Client("bench", ""), ledger
	return s
}

// startBench starts a runtime. connected gets the time of the first connect that succeeds while it is nil.
func startBench(b *testing.B, s *licenseServer, on func(messages.Event)) (rt *supervisor.Runtime, connected *atomic.Pointer[time.Time]) {
	b.Helper()
	connected = new(atomic.Pointer[time.Time])
	rt, err := supervisor.Start(b.Context(), supervisor.Config{
		Transport: wiretap.New(grpctransport.New(grpctransport.Config{TLS: s.client}), wiretap.Observer{Answered: noteFirst(connected)}),
		Servers:   []transport.Address{transport.Address(s.address)},
		Heartbeat: supervisor.Heartbeat{Attempts: 100, Interval: time.Minute},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},
		OnEvent:   on,
	})
	require.NoError(b, err)
	return rt, connected
}

// noteFirst notes when the first connect that succeeds is answered.
func noteFirst(connected *atomic.Pointer[time.Time]) func(*wiretap.Call, wiretap.Answer) {
	return func(c *wiretap.Call, a wiretap.Answer) {
		if c.Kind == transporttest.Connects && a.Err == nil {
			connected.CompareAndSwap(nil, &a.Time)
		}
	}
}

// takeAll takes n seats, with many calls at a time.
func takeAll(b *testing.B, rt *supervisor.Runtime, n int) []*supervisor.License {
	b.Helper()
	licenses := make([]*supervisor.License, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, transport.MaxBatch) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				var err error
				if licenses[i], err = rt.Checkout(b.Context(), benchSeat); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return licenses
}
