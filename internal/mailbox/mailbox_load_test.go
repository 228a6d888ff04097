package mailbox

import (
	"runtime"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

const million = 1_000_000

// countdown is an actor behind many mailboxes that counts what it is given.
type countdown struct{ done sync.WaitGroup }

func (c *countdown) InvokeUserMessage(any)  { c.done.Done() }
func (*countdown) InvokeSystemMessage(any)  {}
func (*countdown) EscalateFailure(any, any) {}

func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the second takes what finalizers and pools held through the first
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestMailboxGivesItsMemoryBackAfterAMillionMessages(t *testing.T) {
	defer goleak.VerifyNone(t)
	var c countdown
	m, turns := New(), &heldTurns{}
	m.RegisterHandlers(&c, turns)
	before := heapInUse()
	c.done.Add(million)
	for range million {
		m.PostUserMessage("hello")
	}
	full := heapInUse()
	turns.takeAll()
	c.done.Wait()
	assert.Greater(t, full, before+million, "the messages were there")
	assert.Less(t, heapInUse(), before+million, "and left less than a byte each")
	runtime.KeepAlive(m)
}

// spawnMillion returns a million mailboxes of one actor, each of which has handled a message.
func spawnMillion(newMailbox actor.MailboxProducer) ([]actor.Mailbox, *countdown) {
	c, d := new(countdown), NewDispatcher(0)
	all := make([]actor.Mailbox, million)
	c.done.Add(million)
	for i := range all {
		all[i] = newMailbox()
		all[i].RegisterHandlers(c, d)
		all[i].PostUserMessage("hello")
	}
	c.done.Wait()
	return all, c
}

var mailboxes = []struct {
	name string
	make actor.MailboxProducer
}{{"ours", New}, {"protoactor", actor.Unbounded()}}

func BenchmarkMailboxIdle(b *testing.B) {
	for _, kind := range mailboxes {
		b.Run(kind.name, func(b *testing.B) {
			for b.Loop() {
				before := heapInUse()
				all, _ := spawnMillion(kind.make)
				const slice = 16 // bytes of all for each
				b.ReportMetric(float64(heapInUse()-before)/million-slice, "B/mailbox")
				runtime.KeepAlive(all)
			}
		})
	}
}

// One message to each of a million actors: what a lost server does.
func BenchmarkMailboxBroadcast(b *testing.B) {
	for _, kind := range mailboxes {
		b.Run(kind.name, func(b *testing.B) {
			all, c := spawnMillion(kind.make)
			b.ReportAllocs()
			for b.Loop() {
				c.done.Add(million)
				for _, m := range all {
					m.PostUserMessage("hello")
				}
				c.done.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/message")
		})
	}
}

// A million messages to one actor.
func BenchmarkMailboxFlood(b *testing.B) {
	for _, kind := range mailboxes {
		b.Run(kind.name, func(b *testing.B) {
			var c countdown
			m := kind.make()
			m.RegisterHandlers(&c, NewDispatcher(0))
			b.ReportAllocs()
			for b.Loop() {
				c.done.Add(million)
				for range million {
					m.PostUserMessage("hello")
				}
				c.done.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/message")
		})
	}
}
