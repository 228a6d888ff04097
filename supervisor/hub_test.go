package supervisor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

func TestHubDeliversWhatIsQueuedWhenItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told heard
		h := newHub(nil)
		h.subscribe(told.hear)
		want := publishOrdinary(h, 1, 1000)
		h.close()
		assert.True(t, h.wait(t.Context()))
		assert.Equal(t, want, told.all())
	}) // which fails if a goroutine is left
}

func TestHubTakesNothingAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told heard
		h := newHub(nil)
		h.subscribe(func(e messages.Event) {
			time.Sleep(callbackGrace / 2) // it is still at work when the next event comes
			told.hear(e)
		})
		want := publishOrdinary(h, 1, 3)
		h.close()
		publishOrdinary(h, 4, 6)
		assert.True(t, h.wait(t.Context()))
		assert.Equal(t, want, told.all())
	})
}

func TestHubCallsNobodyAfterWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told heard
		h := newHub(nil)
		h.subscribe(told.hear)
		h.close()
		assert.True(t, h.wait(t.Context()))
		h.publish(ordinary(1))
		h.subscribe(told.hear)
		h.publish(ordinary(2))
		synctest.Wait()
		assert.Empty(t, told.all())
	})
}

func TestHubMayBeClosedTwiceAndWithoutSubscribers(t *testing.T) {
	h := newHub(nil)
	h.close()
	h.close()
	assert.True(t, h.wait(t.Context()))
	assert.True(t, h.wait(t.Context()))
}

func TestHubWaitsAsLongAsASlowSubscriberGetsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = callbackGrace * 9 / 10
		h := newHub(nil)
		h.subscribe(func(messages.Event) { time.Sleep(slow) })
		publishOrdinary(h, 1, 1000)
		h.close()
		begin := time.Now()
		assert.True(t, h.wait(t.Context()))
		assert.Equal(t, 1000*slow, time.Since(begin))
	})
}

func TestHubDoesNotWaitForASubscriberThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		begin, stuck := time.Now(), make(chan struct{})
		h.subscribe(func(e messages.Event) {
			if e == ordinary(1) {
				time.Sleep(callbackGrace * 9 / 10) // slow, but it gets on
				return
			}
			<-stuck
		})
		publishOrdinary(h, 1, 3)
		h.close()
		assert.False(t, h.wait(t.Context()))
		assert.LessOrEqual(t, time.Since(begin), 3*callbackGrace)
		close(stuck)
	})
}

func TestHubWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h := newHub(nil)
		h.subscribe(func(messages.Event) { time.Sleep(callbackGrace / 2) })
		publishOrdinary(h, 1, 1000)
		h.close()
		begin := time.Now()
		assert.False(t, h.wait(ctx))
		assert.LessOrEqual(t, time.Since(begin), time.Second+callbackGrace)
		time.Sleep(time.Hour) // the callback is through with them then
	})
}

func TestHubLeavesQuickSubscribersTheirTimeWhenTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		var told heard
		h := newHub(nil)
		h.subscribe(told.hear)
		want := publishOrdinary(h, 1, 1000)
		h.close()
		assert.True(t, h.wait(ended))
		assert.Equal(t, want, told.all())
	})
}

func TestHubMayBeClosedFromACallbackWhichGetsTheRestAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told heard
		h := newHub(nil)
		h.subscribe(func(e messages.Event) {
			told.hear(e)
			if e == ordinary(1) {
				h.close()
				assert.False(t, h.wait(t.Context()))
			}
		})
		want := publishOrdinary(h, 1, 3)
		time.Sleep(time.Second)
		assert.Equal(t, want, told.all())
	})
}
