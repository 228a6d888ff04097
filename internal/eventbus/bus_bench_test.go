package eventbus

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

const million = 1_000_000

// lostServer has the two kinds of events of a lost server with a million features: the bus keeps all terminal events, and
// drops ordinary ones when the subscriber is too slow.
var lostServer = map[string]messages.Event{"terminal": messages.LicenseLost{}, "ordinary": messages.RetryingFeature{}}

func BenchmarkBusDeliversAMillion(b *testing.B) {
	for name, event := range lostServer {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bus := New(nil)
				bus.Subscribe(QueueBound, func(messages.Event) {})
				for range million {
					bus.Publish(event)
				}
				bus.Close()
				<-bus.done
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/event")
		})
	}
}

// BenchmarkBusHoldsAMillion publishes a million events to a subscriber that hangs.
func BenchmarkBusHoldsAMillion(b *testing.B) {
	for name, event := range lostServer {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				bus, stuck := New(nil), make(chan struct{})
				bus.Subscribe(QueueBound, func(messages.Event) { <-stuck })
				before := heapInUse()
				b.StartTimer()
				for range million {
					bus.Publish(event)
				}
				b.StopTimer()
				b.ReportMetric(float64(heapInUse()-before)/million, "B/event")
				close(stuck)
				bus.Close()
				<-bus.done
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/event")
		})
	}
}

func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Allocations of the hot paths do not depend on the machine's speed. Explain a figure that grows, or take it back.

func TestAnEventWithoutSubscribersAllocatesNothing(t *testing.T) {
	bus := New(nil)
	defer bus.Close()
	var event messages.Event = messages.RetryingFeature{}
	assert.Zero(t, testing.AllocsPerRun(100, func() { bus.Publish(event) }))
}

// The queue stores the event itself and reuses its memory.
func TestQueueingAnEventAllocatesNothing(t *testing.T) {
	q := queue{bound: QueueBound}
	var event messages.Event = messages.RetryingFeature{}
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		for range 1000 {
			q.push(event)
		}
		for range 1000 {
			q.pop()
		}
	}))
}
