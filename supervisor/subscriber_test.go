package supervisor

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

// heard is what a subscriber was told, in order.
type heard struct {
	mu     sync.Mutex // guards the field below
	events []messages.Event
}

func (h *heard) hear(e messages.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) all() []messages.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}

// publishOrdinary publishes the ordinary events from to to, both included, and returns them.
func publishOrdinary(h *hub, from, to int) []messages.Event {
	var published []messages.Event
	for i := from; i <= to; i++ {
		h.publish(ordinary(i))
		published = append(published, ordinary(i))
	}
	return published
}

// inHubBubble runs test in a bubble with a hub, which is closed at its end.
func inHubBubble(t *testing.T, test func(t *testing.T, h *hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(func(any) {})
		test(t, h)
		h.close()
		h.wait(t.Context())
	})
}

func TestSubscriberIsToldInOrder(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var first, second heard
		h.subscribe(first.hear)
		h.subscribe(second.hear)
		want := publishOrdinary(h, 1, 1000)
		synctest.Wait()
		assert.Equal(t, want, first.all())
		assert.Equal(t, want, second.all())
	})
}

func TestSubscriberIsNeverToldTwoThingsAtOnce(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		calls, most := 0, 0 // the race detector, too, would see two calls at once
		h.subscribe(func(messages.Event) {
			calls++
			most = max(most, calls)
			time.Sleep(time.Second)
			calls--
		})
		publishOrdinary(h, 1, 100)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, 1, most)
	})
}

func TestSubscriberThatHangsHoldsNobodyUp(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var other heard
		stuck := make(chan struct{})
		h.subscribe(func(messages.Event) { <-stuck })
		h.subscribe(other.hear)
		want := publishOrdinary(h, 1, 100)
		synctest.Wait()
		assert.Equal(t, want, other.all())
		close(stuck)
	})
}

func TestSubscriberThatPanicsGoesOnBehindTheEventAndIsReportedOnce(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var told heard
		var reported []any
		h.report = func(reason any) { reported = append(reported, reason) }
		h.subscribe(func(e messages.Event) {
			told.hear(e)
			if e == ordinary(2) {
				panic("boom")
			}
		})
		want := publishOrdinary(h, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, told.all())
		assert.Equal(t, []any{"boom"}, reported)
	})
}

func TestSubscriberOutlivesAPanicOfTheReport(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var told heard
		h.report = func(reason any) { panic(reason) }
		h.subscribe(func(e messages.Event) {
			told.hear(e)
			panic("boom")
		})
		want := publishOrdinary(h, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, told.all())
	})
}

func TestSubscriberThatCallsGoexitGoesOnBehindTheEvent(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var told heard
		h.subscribe(func(e messages.Event) {
			told.hear(e)
			runtime.Goexit()
		})
		want := publishOrdinary(h, 1, 3)
		synctest.Wait()
		assert.Equal(t, want, told.all())
	})
}

func TestSubscriberIsToldWhatItMissed(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		var told heard
		h.bound = 2
		gate := make(chan struct{})
		h.subscribe(func(e messages.Event) {
			<-gate
			told.hear(e)
		})
		h.publish(ordinary(1))
		synctest.Wait() // 1 is no longer in the queue
		publishOrdinary(h, 2, 5)
		h.publish(terminal(6))
		close(gate)
		synctest.Wait()
		assert.Equal(t, []messages.Event{ordinary(1), dropped(2), ordinary(4), ordinary(5), terminal(6)}, told.all())
	})
}

func TestSubscriberKeepsTheOrderOfEachPublisher(t *testing.T) {
	defer goleak.VerifyNone(t)
	const publishers, each = 4, 2000 // less than the bound
	last := map[int]int{}
	h := newHub(nil)
	h.subscribe(func(e messages.Event) {
		event := e.(messages.OutageCounted)
		assert.Equal(t, last[event.Max]+1, event.Count)
		last[event.Max] = event.Count
	})
	var all sync.WaitGroup
	for publisher := range publishers {
		all.Go(func() {
			for i := range each {
				h.publish(messages.OutageCounted{Max: publisher, Count: i + 1})
			}
		})
	}
	all.Wait()
	h.close()
	assert.True(t, h.wait(t.Context()))
	assert.Equal(t, map[int]int{0: each, 1: each, 2: each, 3: each}, last)
}
