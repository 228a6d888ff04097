package seats

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// enqueue has a take wait, claims that it does, and returns its blocked call.
func (s *harness) enqueue(client byte, t Take) *BlockedCall {
	call := &BlockedCall{ctx: context.Background(), done: make(chan struct{})}
	o, waits := s.allocator.Wait(s.client(client), t, call, s.now)
	assert.True(s.t, waits, "%+v", o)
	s.serve()
	return call
}

func (s *harness) serve() {
	for s.allocator.ServeQueues(s.now, 1) {
		s.commit()
	}
	s.commit()
	s.allocator.AnswerCalls()
}

func answered(call *BlockedCall) bool {
	select {
	case <-call.done:
		return true
	default:
		return false
	}
}

func TestATakeOfNoAdditionalSeatsSkipsTheQueue(t *testing.T) {
	s := newHarness(t, shared(3))
	s.keys = byTens
	held := seats("f", 2)
	assert.Equal(t, Granted, s.take(11, held).Result)
	call := s.enqueue(21, seats("f", 2))
	assert.Equal(t, Granted, s.take(12, seats("f", 2)).Result, "it shares the seats of another")
	assert.Equal(t, Granted, s.take(11, seats("f", 2, held.Request)).Result, "it gives back as much as it takes")
	assert.Equal(t, messages.NoSeats, s.take(11, seats("f", 3)).Reason, "its group would hold more")
	assert.Equal(t, messages.NoSeats, s.take(31, seats("f", 1)).Reason)
	s.serve()
	assert.False(t, answered(call))
}

// A waiter behind others went on waiting although its share group had got seats meanwhile.
func TestAWaiterSharesTheSeatsThatItsGroupGets(t *testing.T) {
	s := newHarness(t, shared(2))
	s.keys = byTens
	s.take(31, seats("f", 1))
	held := seats("f", 1)
	s.take(41, held)
	holds, other, shares, more := s.enqueue(11, seats("f", 1)), s.enqueue(21, seats("f", 2)), s.enqueue(12, seats("f", 1)), s.enqueue(13, seats("f", 2))
	s.allocator.queues.markAllDirty()
	s.serve()
	assert.NoError(t, s.allocator.Checkin(s.client(41), nil, []messages.RequestID{held.Request}, s.now))
	s.serve()
	assert.Equal(t, Granted, holds.outcome.Result, "it is first")
	assert.False(t, answered(other))
	assert.Equal(t, Granted, shares.outcome.Result, "it takes no seat from those before it")
	assert.False(t, answered(more), "it would take one")
	assert.Equal(t, 2, s.allocator.pools.all[0].used)
}

// The share group got its seats while one of its waiters had no call, so that nobody looked at that waiter again.
func TestARepeatedWaitSharesTheSeatsThatItsGroupGotSince(t *testing.T) {
	s := newHarness(t, shared(2))
	s.keys = byTens
	s.take(31, seats("f", 1))
	held, away := seats("f", 1), seats("f", 1)
	s.take(41, held)
	s.enqueue(11, seats("f", 1))
	s.enqueue(21, seats("f", 2))
	call := s.enqueue(12, away)
	ctx, cancel := context.WithCancel(t.Context())
	call.ctx = ctx
	cancel()
	assert.NoError(t, s.allocator.Checkin(s.client(41), nil, []messages.RequestID{held.Request}, s.now))
	s.serve()
	assert.ErrorIs(t, call.err, context.Canceled)
	assert.Equal(t, Granted, s.enqueue(12, away).outcome.Result)
}

// When the seats of a lower version expire, the leases that hold them count at the next higher version. A waiter that shares
// them then needs no additional seat of that version.
func TestAWaiterSharesTheSeatsOfItsGroupAfterALicenceExpires(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := newHarness(t, []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1, Share: license.ShareUser, Expires: noon},
		{Name: "f", Version: messages.V(2, 0), Seats: 2, Share: license.ShareUser},
	}...)
	s.keys = byTens
	higher := func(count int) Take {
		t := seats("f", count)
		t.Version = messages.V(2, 0)
		return t
	}
	assert.Equal(t, Granted, s.take(11, seats("f", 1)).Result)
	assert.Equal(t, Granted, s.take(31, higher(2)).Result)
	first, shares := s.enqueue(41, seats("f", 1)), s.enqueue(12, higher(1))
	s.allocator.queues.markAllDirty()
	s.serve()
	assert.False(t, answered(shares), "it would need a seat of version 2.0")
	s.allocator.pools.refresh(noon)
	s.allocator.queues.markAllDirty()
	s.serve()
	assert.Equal(t, Granted, shares.outcome.Result)
	assert.False(t, answered(first))
}

func TestWhatCanNeverBeGrantedDoesNotWait(t *testing.T) {
	s := newHarness(t, []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 3}, {Name: "f", Version: messages.V(2, 0), Seats: 1, Overdraft: 1},
	}...)
	higher := seats("f", 3)
	higher.Version = messages.V(2, 0)
	o, waits := s.allocator.Wait(s.client(1), higher, &BlockedCall{}, 0)
	assert.False(t, waits)
	assert.Equal(t, messages.NoSeats, o.Reason, "two seats serve version 2.0")
	assert.Zero(t, o.RetryAfter)
	assert.Equal(t, Granted, s.take(1, seats("f", 5)).Result)
	higher.Count = 2
	s.enqueue(2, higher)
}

func TestAQueueIsRefusedWhenItsFeatureIsNoLongerServed(t *testing.T) {
	s := newHarness(t, feature(2))
	s.take(1, seats("f", 2))
	two, one := s.enqueue(2, seats("f", 2)), s.enqueue(3, seats("f", 1))
	set := func(features ...license.Feature) {
		s.allocator.pools.set(features)
		s.allocator.queues.markAllDirty()
		s.serve()
	}
	set(license.Feature{Name: "f", Version: messages.V(1, 0), Seats: 1})
	assert.True(t, answered(two))
	assert.Equal(t, messages.NoSeats, two.outcome.Reason, "there are not as many seats any more")
	assert.Zero(t, two.outcome.RetryAfter)
	assert.False(t, answered(one))
	set()
	assert.True(t, answered(one))
	assert.Equal(t, messages.NoSuchFeature, one.outcome.Reason)
	assert.Empty(t, s.allocator.queues.waiters)
}

func TestAReplacedRequestLeavesTheQueue(t *testing.T) {
	s := newHarness(t, []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1}, {Name: "g", Version: messages.V(1, 0), Seats: 1},
	}...)
	s.take(1, seats("f", 1))
	waiting := seats("f", 1)
	call := s.enqueue(2, waiting)
	assert.Equal(t, Granted, s.take(2, seats("g", 1, waiting.Request)).Result)
	s.serve()
	assert.True(t, answered(call))
	assert.Equal(t, Outcome{Result: Gone, Reason: messages.Replaced}, call.outcome)
}

func TestAClientInAQueueIsNotForgotten(t *testing.T) {
	s := newHarness(t, feature(1))
	s.take(1, seats("f", 1))
	s.enqueue(2, seats("f", 1))
	s.allocator.clients.Rest(time.Hour, time.Hour)
	assert.Equal(t, 2, s.allocator.clients.Count())
	for _, w := range s.allocator.queues.waiters {
		s.allocator.queues.leave(w, Outcome{}, nil)
	}
	s.allocator.clients.Rest(time.Hour, time.Hour)
	assert.Equal(t, 1, s.allocator.clients.Count())
}
