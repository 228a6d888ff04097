package supervisor

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// told counts the events that reached a subscriber, those dropped on the way included, and when the count was reached.
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

// peak samples the heap until stop is called, which returns the most that was in use.
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

// BenchmarkRecoveryTold measures how long it takes to tell every feature that its restarted server resumed it: two events
// each, and the peak of memory meanwhile.
func BenchmarkRecoveryTold(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
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
				before := inUse()
				stop := peak()
				h.boot.Add(1)
				began := time.Now()
				require.NoError(b, licenses[0].Heartbeat(b.Context()))
				<-counted.Load().reached
				b.ReportMetric(time.Since(began).Seconds(), "s")
				b.ReportMetric(float64(stop()-before)/1e6, "MB-peak")
				require.NoError(b, rt.Close(context.Background()))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkFailureTold measures how long it takes, from the failed beat on, until every feature of a lost server has
// asked the server once more, was lost, and its event was delivered.
func BenchmarkFailureTold(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
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
				hold(b, rt, n)
				before := inUse()
				stop := peak()
				h.down.Store(true)
				began := <-failed
				<-lost.reached
				b.ReportMetric(time.Since(began).Seconds(), "s")
				b.ReportMetric(float64(stop()-before)/1e6, "MB-peak")
				h.down.Store(false)
				require.NoError(b, rt.Close(context.Background()))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
