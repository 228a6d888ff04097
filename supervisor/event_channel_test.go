package supervisor

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
		inHubBubble(t, func(t *testing.T, h *hub) {
			events, _ := h.events(buffer)
			for _, want := range publishOrdinary(h, 1, 100) {
				assert.Equal(t, want, <-events)
			}
		})
	}
}

func TestEventsThatNobodyReadsAreDroppedAndReported(t *testing.T) {
	inHubBubble(t, func(t *testing.T, h *hub) {
		h.bound = 2
		events, cancel := h.events(1)
		publishOrdinary(h, 1, 2)
		synctest.Wait() // 1 is in the channel, 2 with the goroutine
		publishOrdinary(h, 3, 6)
		for _, want := range []messages.Event{ordinary(1), ordinary(2), dropped(2), ordinary(5), ordinary(6)} {
			assert.Equal(t, want, <-events)
		}
		cancel()
	})
}

func TestEventsEndWhenTheyAreCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the hub stays open: it must not hold the goroutine
		h := newHub(nil)
		events, cancel := h.events(1)
		publishOrdinary(h, 1, 10)
		synctest.Wait()
		cancel()
		cancel()
		synctest.Wait()
		assert.Equal(t, []messages.Event{ordinary(1)}, readAll(events), "what was in the channel, and its end")
		publishOrdinary(h, 11, 20)
		assert.Empty(t, h.subscribers)
		h.close()
		assert.True(t, h.wait(t.Context()))
	})
}

func TestEventsEndWhenTheyAreCancelledWithNothingToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		events, cancel := h.events(1)
		synctest.Wait() // the goroutine waits for an event
		cancel()
		assert.Empty(t, readAll(events))
	})
}

func TestEventsHaveNoHolesWhenTheyAreCancelledWhileTheyAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		events, cancel := h.events(10)
		published := publishOrdinary(h, 1, 1000)
		synctest.Wait()
		go cancel()
		got := readAll(events)
		assert.Equal(t, published[:len(got)], got)
	})
}

func TestEventsEndWhenTheHubIsClosedAndAllAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		events, cancel := h.events(0)
		want := publishOrdinary(h, 1, 100)
		h.close()
		assert.Equal(t, want, readAll(events))
		assert.True(t, h.wait(t.Context()))
		cancel()
	})
}

func TestEventsThatNobodyReadsEndWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		events, _ := h.events(2)
		publishOrdinary(h, 1, 100)
		h.close()
		assert.False(t, h.wait(t.Context()))
		time.Sleep(time.Second)
		assert.Equal(t, []messages.Event{ordinary(1), ordinary(2)}, readAll(events))
		assert.True(t, h.wait(t.Context()))
	})
}

func TestEventsOfAClosedHubAreNone(t *testing.T) {
	h := newHub(nil)
	h.close()
	events, cancel := h.events(1)
	assert.Empty(t, readAll(events))
	cancel()
}
