package supervisor

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// told counts the events that reached a subscriber or were dropped, and signals when the target is reached.
type told struct {
	count   atomic.Int64
	target  int64
	reached chan struct{}
}

func newTold(target int) *told { return &told{target: int64(target), reached: make(chan struct{})} }

func (c *told) add(n int) {
	if now := c.count.Add(int64(n)); now >= c.target && now-int64(n) < c.target {
		close(c.reached)
	}
}

// peak samples the memory in use until stop is called, which returns the maximum.
func peak() (stop func() uint64) {
	var most uint64
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse+m.StackInuse)
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(end); <-ended; return most }
}

// burst measures from the time that begin returns until all events were delivered: the duration, the peak of heap and stack
// above what was in use before, and the memory allocated for each of n features.
//
// By default the garbage collector lets a heap double before it collects, so that the peak is mostly garbage. A limit in
// bytes above what is in use before makes it collect in time, as GOMEMLIMIT does in a process.
func burst(b *testing.B, n int, limit int64, begin func() time.Time, all *told) {
	b.Helper()
	before := inUse()
	if limit > 0 {
		defer debug.SetMemoryLimit(math.MaxInt64)
		debug.FreeOSMemory()
		debug.SetMemoryLimit(mapped() + limit)
	}
	allocated := totalAlloc()
	stop := peak()
	began := begin()
	<-all.reached
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(float64(stop()-before)/1e6, "MB-peak")
	b.ReportMetric(float64(totalAlloc()-allocated)/float64(n), "B-allocated/feature")
}

// mapped returns the memory that a memory limit counts.
func mapped() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

func totalAlloc() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// burstSizes are the numbers of features in a burst, and the limit of memory above what they use.
var burstSizes = []struct {
	name     string
	features int
	limit    int64
}{{"100000", 100_000, 0}, {"1000000", 1_000_000, 0}, {"limited", 1_000_000, 100 << 20}}

// BenchmarkRecoveryTold measures how long it takes until every feature has learnt that its restarted server resumed its
// lease and its two events were delivered, and the peak of memory meanwhile.
func BenchmarkRecoveryTold(b *testing.B) {
	for _, size := range burstSizes {
		n := size.features
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				var counted atomic.Pointer[told]
				counted.Store(newTold(n))
				rt, h := startHollow(b, func(c *Config) {
					c.OnEvent = func(e messages.Event) {
						switch e := e.(type) {
						case messages.CheckedOut, messages.RetryingFeature, messages.CheckoutSucceeded:
							counted.Load().add(1)
						case messages.EventsDropped:
							counted.Load().add(e.Number)
						}
					}
				})
				licenses := hold(b, rt, n)
				<-counted.Load().reached
				counted.Store(newTold(2 * n))
				burst(b, n, size.limit, func() time.Time {
					h.boot.Add(1)
					began := time.Now()
					require.NoError(b, licenses[0].Heartbeat(b.Context()))
					return began
				}, counted.Load())
				require.NoError(b, rt.Close(context.Background()))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkFailureTold measures how long it takes, from the failed heartbeat on, until every feature is Reconnecting. The
// application gets one event for all of them.
func BenchmarkFailureTold(b *testing.B) {
	for _, size := range burstSizes {
		n := size.features
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				failed, all := make(chan time.Time, 8), newTold(n)
				rt, h := startHollow(b, func(c *Config) {
					c.Heartbeat = Heartbeat{Attempts: 5, Interval: 4 * time.Second}
					c.OnEvent = func(e messages.Event) {
						if _, ok := e.(messages.ConnectionLost); ok {
							failed <- time.Now()
						}
					}
				})
				licenses := hold(b, rt, n)
				burst(b, n, size.limit, func() time.Time {
					h.down.Store(true)
					began := <-failed
					for rt.Status().Features[messages.StateReconnecting] < n {
						time.Sleep(time.Millisecond)
					}
					all.add(n)
					return began
				}, all)
				runtime.KeepAlive(licenses)
				h.down.Store(false)
				require.NoError(b, rt.Close(context.Background()))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkLossTold measures how long it takes, from the failed heartbeat on, until every feature of a lost server has asked
// the server once more and given up, and its event was delivered.
func BenchmarkLossTold(b *testing.B) {
	for _, size := range burstSizes {
		n := size.features
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				lost := newTold(n)
				failed := make(chan time.Time, 8)
				rt, h := startHollow(b, func(c *Config) {
					c.Heartbeat = Heartbeat{Attempts: 1, Interval: 4 * time.Second}
					c.OnEvent = func(e messages.Event) {
						switch e.(type) {
						case messages.LicenseLost:
							lost.add(1)
						case messages.ConnectionLost:
							failed <- time.Now()
						}
					}
				})
				licenses := hold(b, rt, n)
				burst(b, n, size.limit, func() time.Time {
					h.down.Store(true)
					return <-failed
				}, lost)
				runtime.KeepAlive(licenses) // the service still holds them
				h.down.Store(false)
				require.NoError(b, rt.Close(context.Background()))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
