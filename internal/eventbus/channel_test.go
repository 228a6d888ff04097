package eventbus

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// readAll reads the channel until it is closed.
func readAll(events <-chan messages.Event) []messages.Event {
	var all []messages.Event
	for e := range events {
		all = append(all, e)
	}
	return all
}

func TestEventsArriveInTheChannelInOrder(t *testing.T) {
	for _, buffer := range []int{0, 10, math.MinInt, math.MaxInt} {
		inBubble(t, func(t *testing.T, bus *Bus) {
			events, _ := bus.Events(buffer)
			for _, want := range publishOrdinary(bus, 1, 100) {
				assert.Equal(t, want, <-events)
			}
		})
	}
}

func TestEventsThatNobodyReadsAreDroppedAndReported(t *testing.T) {
	inBubble(t, func(t *testing.T, bus *Bus) {
		s, events := newChannel(bus, 2, 1)
		bus.add(s)
		publishOrdinary(bus, 1, 2)
		synctest.Wait() // 1 is in the channel, the goroutine holds 2
		publishOrdinary(bus, 3, 6)
		for _, want := range []messages.Event{ordinary(1), ordinary(2), dropped(2), ordinary(5), ordinary(6)} {
			assert.Equal(t, want, <-events)
		}
		s.abandon()
	})
}

func TestEventsEndWhenTheyAreCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bus stays open and must not keep the goroutine
		bus := New(nil)
		events, cancel := bus.Events(1)
		publishOrdinary(bus, 1, 10)
		synctest.Wait()
		cancel()
		cancel()
		synctest.Wait()
		assert.Equal(t, []messages.Event{ordinary(1)}, readAll(events), "what was in the channel, and its end")
		publishOrdinary(bus, 11, 20)
		assert.Empty(t, bus.subscribers)
		bus.Close()
		assert.True(t, bus.Wait(t.Context()))
	})
}

func TestEventsEndWhenTheyAreCancelledWithNothingToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := New(nil)
		events, cancel := bus.Events(1)
		synctest.Wait() // the goroutine waits for an event
		cancel()
		assert.Empty(t, readAll(events))
	})
}

func TestEventsHaveNoHolesWhenTheyAreCancelledWhileTheyAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := New(nil)
		events, cancel := bus.Events(10)
		published := publishOrdinary(bus, 1, 1000)
		synctest.Wait()
		go cancel()
		got := readAll(events)
		assert.Equal(t, published[:len(got)], got)
	})
}

func TestEventsEndWhenTheBusIsClosedAndAllAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := New(nil)
		events, cancel := bus.Events(0)
		want := publishOrdinary(bus, 1, 100)
		bus.Close()
		assert.Equal(t, want, readAll(events))
		assert.True(t, bus.Wait(t.Context()))
		cancel()
	})
}

func TestEventsThatNobodyReadsEndWithTheBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := New(nil)
		events, _ := bus.Events(2)
		publishOrdinary(bus, 1, 100)
		bus.Close()
		assert.False(t, bus.Wait(t.Context()))
		time.Sleep(time.Second)
		assert.Equal(t, []messages.Event{ordinary(1), ordinary(2)}, readAll(events))
		assert.True(t, bus.Wait(t.Context()))
	})
}

func TestEventsOfAClosedBusEndAtOnce(t *testing.T) {
	bus := New(nil)
	bus.Close()
	events, cancel := bus.Events(1)
	assert.Empty(t, readAll(events))
	cancel()
}
