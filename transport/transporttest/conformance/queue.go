package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// queuePromises are about takes that wait in the queue for free seats.
var queuePromises = []promise{
	{"AServerWithoutAQueueRefusesAtOnce", tryNoQueue},
	{"WhoWaitsIsGrantedWhenSeatsComeBack", tryWait},
	{"NobodyOvertakesTheQueue", tryOvertaking},
	{"ATakeThatNeedsNoFurtherSeatsSkipsTheQueue", trySkipping},
	{"AWaitThatIsOverKeepsItsPlace", tryWaitOver},
	{"AReturnedRequestLeavesTheQueue", tryLeavingQueue},
	{"AnAbandonedPlaceIsDropped", tryAbandonedPlace},
	{"ATakeThatCanNeverBeGrantedDoesNotWait", tryWaitInVain},
	{"TheTakesOfABatchDoNotWait", tryWaitingBatch},
	{"AWaitEndsWithItsContext", tryWaitCancelled},
	{"AWaitEndsWithItsSession", tryWaitSuperseded},
}

func tryNoQueue(t *testing.T, f *Fixture) {
	needs(t, !f.Waits, "server without a queue")
	c := newClient(t, f)
	c.granted(c.take(f.Feature, f.Seats))
	began := time.Now()
	o := c.checkout(waiting(c.take(f.Feature, 1)))[0]
	assert.Equal(t, messages.NoSeats, o.Reason)
	assert.Zero(t, o.RetryAfter, "the refusal is final")
	assert.Less(t, time.Since(began), soon)
}

func tryWait(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	s.queued.stillWaits()
	s.free()
	lease := s.queued.granted()
	s.first.held(lease)
	assert.Equal(t, lease, s.first.granted(s.take), "a repeat gets the same grant")
}

func tryOvertaking(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	later := newClient(t, f)
	queued := queue(later, waiting(later.take(f.Feature, 1)))
	queued.stillWaits()
	s.free()
	lease := s.queued.granted()
	queued.stillWaits()
	s.first.checkin(transport.Return{Lease: lease})
	queued.granted()
}

func trySkipping(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	s.replaceHeld()
	s.queued.stillWaits()
	s.free()
	s.queued.granted()
}

func tryWaitOver(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	s.queued.leave()
	brief := s.take
	brief.Wait = time.Millisecond
	o := s.first.checkout(brief)[0]
	assert.Equal(t, messages.NoSeats, o.Reason)
	require.Positive(t, o.RetryAfter, "the place is kept: the request must be repeated")
	later := newClient(t, f)
	queued := queue(later, waiting(later.take(f.Feature, 1)))
	queued.stillWaits()
	s.repeat()
	s.queued.stillWaits()
	s.free()
	s.queued.granted()
	queued.stillWaits()
}

func tryLeavingQueue(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	later := newClient(t, f)
	queued := queue(later, waiting(later.take(f.Feature, 1)))
	queued.stillWaits()
	s.first.checkin(transport.Return{Request: s.take.Request})
	s.queued.endsCancelled()
	queued.granted()
	s.first.gone(messages.Returned, s.take, "the request was returned")
}

func tryAbandonedPlace(t *testing.T, f *Fixture) {
	needs(t, f.SetClientTimeout != nil, "SetClientTimeout")
	f.SetClientTimeout(1500 * time.Millisecond)
	s := newQueueScene(t, f)
	s.queued.leave()
	later := newClient(t, f)
	o := persist(later, waiting(later.take(f.Feature, 1)), s.beatHeld)
	assert.Equal(t, transport.Granted, o.Result, "%s %s", o.Reason, o.Message)
}

func tryWaitInVain(t *testing.T, f *Fixture) {
	needs(t, f.Waits, "Waits")
	c := newClient(t, f)
	tooHigh := waiting(c.take(f.Feature, 1))
	tooHigh.Version = messages.V(f.Version.Major+1, 0)
	for reason, take := range map[messages.Reason]transport.Take{
		messages.NoSeats:       waiting(c.take(f.Feature, f.Seats+1)),
		messages.NoSuchFeature: waiting(c.take("seatbeat-conformance-no-such-feature", 1)),
		messages.VersionTooLow: tooHigh,
	} {
		began := time.Now()
		o := c.checkout(take)[0]
		assert.Equal(t, reason, o.Reason)
		assert.Zero(t, o.RetryAfter, "%s is final", reason)
		assert.Less(t, time.Since(began), soon)
	}
}

func tryWaitingBatch(t *testing.T, f *Fixture) {
	needs(t, f.Waits, "Waits")
	c := newClient(t, f)
	c.granted(c.take(f.Feature, f.Seats))
	began := time.Now()
	for _, o := range c.checkout(waiting(c.take(f.Feature, 1)), waiting(c.take(f.Feature, 1))) {
		assert.Equal(t, messages.NoSeats, o.Reason)
		assert.Zero(t, o.RetryAfter)
	}
	assert.Less(t, time.Since(began), soon)
}

func tryWaitCancelled(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	s.queued.cancel()
	s.queued.endsUnreached()
	s.first.held() // the session still works
}

func tryWaitSuperseded(t *testing.T, f *Fixture) {
	s := newQueueScene(t, f)
	previous := s.first.reconnect(f.Address)
	s.first.held()
	s.free()
	select { // the call may end as soon as it is superseded, or when its session is closed
	case r := <-s.queued.result:
		unreached(t, r.err, "checkout")
	case <-time.After(30 * time.Millisecond):
		require.NoError(t, previous.Close())
		s.queued.endsUnreached()
	}
	o := persist(s.first, s.take, func() {})
	assert.Equal(t, transport.Granted, o.Result, "the later session keeps the place")
}

// persist repeats a take until it is decided, as the runtime does, and calls meanwhile before each repeat.
func persist(c *client, take transport.Take, meanwhile func()) transport.Outcome {
	c.t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); meanwhile() {
		o := c.checkout(take)[0]
		if o.Result != transport.Refused || o.RetryAfter == 0 {
			return o
		}
		time.Sleep(o.RetryAfter)
	}
	require.Fail(c.t, "a take that waits is never decided")
	return transport.Outcome{}
}
