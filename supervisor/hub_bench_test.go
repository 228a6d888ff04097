package supervisor

import (
	"runtime"
	"testing"

	"github.com/seatbeat/seatbeat/messages"
)

const million = 1_000_000

// lostServer are the events of a server with a million features that is lost: one kind is terminal, so that all of them
// are kept, the other is dropped where the subscriber does not keep up.
var lostServer = map[string]messages.Event{"terminal": messages.LicenseLost{}, "ordinary": messages.RetryingFeature{}}

func BenchmarkHubDeliversAMillion(b *testing.B) {
	for name, event := range lostServer {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h := newHub(nil)
				h.subscribe(func(messages.Event) {})
				for range million {
					h.publish(event)
				}
				h.close()
				<-h.done
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/event")
		})
	}
}

// A subscriber that hangs while a million events are published.
func BenchmarkHubHoldsAMillion(b *testing.B) {
	for name, event := range lostServer {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				h, stuck := newHub(nil), make(chan struct{})
				h.subscribe(func(messages.Event) { <-stuck })
				before := heapInUse()
				b.StartTimer()
				for range million {
					h.publish(event)
				}
				b.StopTimer()
				b.ReportMetric(float64(heapInUse()-before)/million, "B/event")
				close(stuck)
				h.close()
				<-h.done
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
