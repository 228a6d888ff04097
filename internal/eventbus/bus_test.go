package eventbus

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

func TestBusDeliversQueuedEventsWhenItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got received
		bus := New(nil)
		bus.Subscribe(QueueBound, got.add)
		want := publishOrdinary(bus, 1, 1000)
		bus.Close()
		assert.True(t, bus.Wait(t.Context()))
		assert.Equal(t, want, got.all())
	}) // a goroutine left behind makes it fail
}

func TestBusTakesNothingAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got received
		bus := New(nil)
		bus.Subscribe(QueueBound, func(e messages.Event) {
			time.Sleep(Grace / 2) // still at work when the next event is published
			got.add(e)
		})
		want := publishOrdinary(bus, 1, 3)
		bus.Close()
		publishOrdinary(bus, 4, 6)
		assert.True(t, bus.Wait(t.Context()))
		assert.Equal(t, want, got.all())
	})
}

func TestBusCallsNobodyAfterWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got received
		bus := New(nil)
		bus.Subscribe(QueueBound, got.add)
		bus.Close()
		assert.True(t, bus.Wait(t.Context()))
		bus.Publish(ordinary(1))
		bus.Subscribe(QueueBound, got.add)
		bus.Publish(ordinary(2))
		synctest.Wait()
		assert.Empty(t, got.all())
	})
}

func TestBusMayBeClosedTwiceAndWithoutSubscribers(t *testing.T) {
	bus := New(nil)
	bus.Close()
	bus.Close()
	assert.True(t, bus.Wait(t.Context()))
	assert.True(t, bus.Wait(t.Context()))
}

func TestBusWaitsWhileASlowSubscriberMakesProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = Grace * 9 / 10
		bus := New(nil)
		bus.Subscribe(QueueBound, func(messages.Event) { time.Sleep(slow) })
		publishOrdinary(bus, 1, 1000)
		bus.Close()
		begin := time.Now()
		assert.True(t, bus.Wait(t.Context()))
		assert.Equal(t, 1000*slow, time.Since(begin))
	})
}

func TestBusDoesNotWaitForASubscriberThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := New(nil)
		begin, stuck := time.Now(), make(chan struct{})
		bus.Subscribe(QueueBound, func(e messages.Event) {
			if e == ordinary(1) {
				time.Sleep(Grace * 9 / 10) // slow, but it makes progress
				return
			}
			<-stuck
		})
		publishOrdinary(bus, 1, 3)
		bus.Close()
		assert.False(t, bus.Wait(t.Context()))
		assert.LessOrEqual(t, time.Since(begin), 3*Grace)
		close(stuck)
	})
}

func TestBusWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		bus := New(nil)
		bus.Subscribe(QueueBound, func(messages.Event) { time.Sleep(Grace / 2) })
		publishOrdinary(bus, 1, 1000)
		bus.Close()
		begin := time.Now()
		assert.False(t, bus.Wait(ctx))
		assert.LessOrEqual(t, time.Since(begin), time.Second+Grace)
		time.Sleep(time.Hour) // by then the callback has had all events
	})
}

func TestBusGivesQuickSubscribersTheirTimeWhenTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		var got received
		bus := New(nil)
		bus.Subscribe(QueueBound, got.add)
		want := publishOrdinary(bus, 1, 1000)
		bus.Close()
		assert.True(t, bus.Wait(ended))
		assert.Equal(t, want, got.all())
	})
}

func TestBusMayBeClosedByACallbackWhichThenGetsItsRemainingEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got received
		bus := New(nil)
		bus.Subscribe(QueueBound, func(e messages.Event) {
			got.add(e)
			if e == ordinary(1) {
				bus.Close()
				assert.False(t, bus.Wait(t.Context()))
			}
		})
		want := publishOrdinary(bus, 1, 3)
		time.Sleep(time.Second)
		assert.Equal(t, want, got.all())
	})
}
