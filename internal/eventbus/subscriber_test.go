package eventbus

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
)

// received collects the events of a subscriber, in order.
type received struct {
	mu     sync.Mutex // guards the field below
	events []messages.Event
}

func (r *received) add(e messages.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *received) all() []messages.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events
}

// publishOrdinary publishes and returns ordinary events with the numbers from to to, both included.
func publishOrdinary(bus *Bus, from, to int) []messages.Event {
	var published []messages.Event
	for i := from; i <= to; i++ {
		bus.Publish(ordinary(i))
		published = append(published, ordinary(i))
	}
	return published
}

// inBubble runs a test in a bubble of virtual time, with a bus that is closed at the end.
func inBubble(t *testing.T, test func(t *testing.T, bus *Bus)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		bus := New(func(any) {})
		test(t, bus)
		bus.Close()
		bus.Wait(t.Context())
	})
}

func TestSubscriberGetsEventsInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var first, second received
		bus.Subscribe(QueueBound, first.add)
		bus.Subscribe(QueueBound, second.add)
		want := publishOrdinary(bus, 1, 1000)
		synctest.Wait()
		assert.Equal(t, want, first.all())
		assert.Equal(t, want, second.all())
	})
}

func TestSubscriberGetsOneEventAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		calls, most := 0, 0 // the race detector would see two calls at once too
		bus.Subscribe(QueueBound, func(messages.Event) {
			calls++
			most = max(most, calls)
			time.Sleep(time.Second)
			calls--
		})
		publishOrdinary(bus, 1, 100)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, 1, most)
	})
}

func TestSubscriberThatHangsDelaysNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var other received
		stuck := make(chan struct{})
		bus.Subscribe(QueueBound, func(messages.Event) { <-stuck })
		bus.Subscribe(QueueBound, other.add)
		want := publishOrdinary(bus, 1, 100)
		synctest.Wait()
		assert.Equal(t, want, other.all())
		close(stuck)
	})
}

func TestSubscriberThatPanicsGetsTheNextEventAndIsReportedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var got received
		var reported []any
		bus.onPanic = func(reason any) { reported = append(reported, reason) }
		bus.Subscribe(QueueBound, func(e messages.Event) {
			got.add(e)
			if e == ordinary(2) {
				panic("boom")
			}
		})
		want := publishOrdinary(bus, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, got.all())
		assert.Equal(t, []any{"boom"}, reported)
	})
}

func TestSubscriberSurvivesAPanicOfTheReport(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var got received
		bus.onPanic = func(reason any) { panic(reason) }
		bus.Subscribe(QueueBound, func(e messages.Event) {
			got.add(e)
			panic("boom")
		})
		want := publishOrdinary(bus, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, got.all())
	})
}

func TestSubscriberThatCallsGoexitGetsTheNextEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var got received
		bus.Subscribe(QueueBound, func(e messages.Event) {
			got.add(e)
			runtime.Goexit()
		})
		want := publishOrdinary(bus, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, got.all())
	})
}

func TestSubscriberGetsAReportOfWhatItMissed(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		var got received
		gate := make(chan struct{})
		bus.Subscribe(2, func(e messages.Event) {
			<-gate
			got.add(e)
		})
		bus.Publish(ordinary(1))
		synctest.Wait() // 1 is no longer in the queue
		publishOrdinary(bus, 2, 5)
		bus.Publish(terminal(6))
		close(gate)
		synctest.Wait()
		assert.Equal(t, []messages.Event{ordinary(1), dropped(2), ordinary(4), ordinary(5), terminal(6)}, got.all())
		assert.EqualValues(t, 2, bus.Dropped())
	})
}

func TestSubscriberKeepsTheOrderOfEachPublisher(t *testing.T) {
	defer goleak.VerifyNone(t)
	const publishers, each = 4, 2000 // less than the bound
	last := map[int]int{}
	bus := New(nil)
	bus.Subscribe(QueueBound, func(e messages.Event) {
		event := e.(messages.OutageCounted)
		assert.Equal(t, last[event.Max]+1, event.Count)
		last[event.Max] = event.Count
	})
	var all sync.WaitGroup
	for publisher := range publishers {
		all.Go(func() {
			for i := range each {
				bus.Publish(messages.OutageCounted{Max: publisher, Count: i + 1})
			}
		})
	}
	all.Wait()
	bus.Close()
	assert.True(t, bus.Wait(t.Context()))
	assert.Equal(t, map[int]int{0: each, 1: each, 2: each, 3: each}, last)
}
