package supervisor

import (
	"sync"
	"testing"

	"github.com/seatbeat/seatbeat/messages"
)

const million = 1_000_000

// A million events to one subscriber, as when a server with a million features is lost: none is dropped, since all are
// terminal, or most are, since none is.
func BenchmarkHubPublishesAMillion(b *testing.B) {
	for name, event := range map[string]messages.Event{
		"terminal": messages.LicenseLost{},
		"ordinary": messages.RetryingFeature{},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var done sync.WaitGroup
				done.Add(1)
				h := newHub(nil)
				h.subscribe(func(e messages.Event) {
					if _, last := e.(messages.Exited); last {
						done.Done()
					}
				})
				for range million {
					h.publish(event)
				}
				h.publish(messages.Exited{})
				done.Wait()
				h.close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/event")
		})
	}
}
