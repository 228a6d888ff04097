package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// line puts a take of a client in line, which it must be, and returns the call that waits.
func (s *bookStage) line(client byte, t take) *heldCall {
	call := &heldCall{ctx: context.Background(), done: make(chan struct{})}
	o, waits := s.book.wait(s.client(client), t, call, s.now)
	assert.True(s.t, waits, "%+v", o)
	s.serve()
	return call
}

func (s *bookStage) serve() {
	for s.book.serveLines(s.now, 1) {
		s.commit()
	}
	s.commit()
	s.book.answerCalls()
}

func answered(call *heldCall) bool {
	select {
	case <-call.done:
		return true
	default:
		return false
	}
}

func TestWhatTakesNoFurtherSeatsDoesNotStandInLine(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 3, Share: ShareUser}}})
	s.groups = func(client byte) groupKeys { return groupKeys{ShareUser: {client / 10}} }
	held := seats("f", 2)
	assert.Equal(t, granted, s.take(11, held).result)
	call := s.line(21, seats("f", 2))
	assert.Equal(t, granted, s.take(12, seats("f", 2)).result, "it shares the seats of another")
	assert.Equal(t, granted, s.take(11, seats("f", 2, held.request)).result, "it gives back as much as it takes")
	assert.Equal(t, messages.NoSeats, s.take(11, seats("f", 3)).reason, "its group would hold more")
	assert.Equal(t, messages.NoSeats, s.take(31, seats("f", 1)).reason)
	s.serve()
	assert.False(t, answered(call))
}

// A sharer that waited behind others went on waiting when its group had got seats meanwhile.
func TestWhoWaitsSharesTheSeatsThatItsGroupGets(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2, Share: ShareUser}}})
	s.groups = func(client byte) groupKeys { return groupKeys{ShareUser: {client / 10}} }
	s.take(31, seats("f", 1))
	held := seats("f", 1)
	s.take(41, held)
	holds, other, shares, more := s.line(11, seats("f", 1)), s.line(21, seats("f", 2)), s.line(12, seats("f", 1)), s.line(13, seats("f", 2))
	s.book.stirAll()
	s.serve()
	assert.NoError(t, s.book.checkin(s.client(41), nil, []messages.RequestID{held.request}, s.now))
	s.serve()
	assert.Equal(t, granted, holds.outcome.result, "it is first")
	assert.False(t, answered(other))
	assert.Equal(t, granted, shares.outcome.result, "it takes no seat from those before it")
	assert.False(t, answered(more), "it would take one")
	assert.Equal(t, 2, s.book.pools.all[0].used)
}

// The group got its seats while the call of one of it was over: it is not looked for again.
func TestWhoComesBackToTheLineSharesWhatItsGroupHasGot(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2, Share: ShareUser}}})
	s.groups = func(client byte) groupKeys { return groupKeys{ShareUser: {client / 10}} }
	s.take(31, seats("f", 1))
	held, away := seats("f", 1), seats("f", 1)
	s.take(41, held)
	s.line(11, seats("f", 1))
	s.line(21, seats("f", 2))
	call := s.line(12, away)
	ctx, cancel := context.WithCancel(t.Context())
	call.ctx = ctx
	cancel()
	assert.NoError(t, s.book.checkin(s.client(41), nil, []messages.RequestID{held.request}, s.now))
	s.serve()
	assert.ErrorIs(t, call.err, context.Canceled)
	assert.Equal(t, granted, s.line(12, away).outcome.result)
}

// When seats of a lower version are over, what is held of them counts as that of the next higher one: who shares them
// needs no further seat for that version then.
func TestWhoWaitsSharesWhatTheEndOfALicenceMakesOfItsGroupsSeats(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := newBookStage(t, Config{Features: []Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1, Share: ShareUser, Expires: noon},
		{Name: "f", Version: messages.V(2, 0), Seats: 2, Share: ShareUser},
	}})
	s.groups = func(client byte) groupKeys { return groupKeys{ShareUser: {client / 10}} }
	higher := func(count int) take {
		t := seats("f", count)
		t.version = messages.V(2, 0)
		return t
	}
	assert.Equal(t, granted, s.take(11, seats("f", 1)).result)
	assert.Equal(t, granted, s.take(31, higher(2)).result)
	first, shares := s.line(41, seats("f", 1)), s.line(12, higher(1))
	s.book.stirAll()
	s.serve()
	assert.False(t, answered(shares), "it would need a seat of version 2.0")
	s.book.pools.age(noon)
	s.book.stirAll()
	s.serve()
	assert.Equal(t, granted, shares.outcome.result)
	assert.False(t, answered(first))
}

func TestWhatCanNeverBeGrantedDoesNotWait(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 3}, {Name: "f", Version: messages.V(2, 0), Seats: 1, Overdraft: 1},
	}})
	higher := seats("f", 3)
	higher.version = messages.V(2, 0)
	o, waits := s.book.wait(s.client(1), higher, &heldCall{}, 0)
	assert.False(t, waits)
	assert.Equal(t, messages.NoSeats, o.reason, "two seats serve version 2.0")
	assert.Zero(t, o.retryAfter)
	assert.Equal(t, granted, s.take(1, seats("f", 5)).result)
	higher.count = 2
	s.line(2, higher)
}

func TestALineWhoseFeatureIsNotServedAnyMoreIsRefused(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2}}})
	s.take(1, seats("f", 2))
	two, one := s.line(2, seats("f", 2)), s.line(3, seats("f", 1))
	set := func(features ...Feature) {
		s.book.pools.set(features)
		s.book.stirAll()
		s.serve()
	}
	set(Feature{Name: "f", Version: messages.V(1, 0), Seats: 1})
	assert.True(t, answered(two))
	assert.Equal(t, messages.NoSeats, two.outcome.reason, "there are not as many seats any more")
	assert.Zero(t, two.outcome.retryAfter)
	assert.False(t, answered(one))
	set()
	assert.True(t, answered(one))
	assert.Equal(t, messages.NoSuchFeature, one.outcome.reason)
	assert.Empty(t, s.book.lines.places)
}

func TestAReplacedRequestLeavesTheLine(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1}, {Name: "g", Version: messages.V(1, 0), Seats: 1},
	}})
	s.take(1, seats("f", 1))
	waiting := seats("f", 1)
	call := s.line(2, waiting)
	assert.Equal(t, granted, s.take(2, seats("g", 1, waiting.request)).result)
	s.serve()
	assert.True(t, answered(call))
	assert.Equal(t, outcome{result: gone, reason: messages.Replaced}, call.outcome)
}

func TestAClientInLineIsNotForgotten(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1}}})
	s.take(1, seats("f", 1))
	s.line(2, seats("f", 1))
	s.book.clients.forget(time.Hour)
	assert.Equal(t, 2, s.book.clients.count())
	s.book.leave(s.book.lines.places[onlyKey(s.book.lines.places)], outcome{}, nil)
	s.book.clients.forget(time.Hour)
	assert.Equal(t, 1, s.book.clients.count())
}

func onlyKey(places map[requestKey]*place) (key requestKey) {
	for key = range places {
	}
	return key
}
