package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

var v1, v2 = messages.V(1, 0), messages.V(2, 0)

// at is a take of seats of f in a version.
func at(version messages.Version, count int, replaces ...messages.RequestID) take {
	t := seats("f", count, replaces...)
	t.version = version
	return t
}

func answer(o outcome) any {
	if o.result == granted {
		return o.version
	}
	return o.reason
}

func TestBlocksOfAFeatureAddUp(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{
		{Name: "f", Version: v2, Seats: 2}, {Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v1, Seats: 1},
	}})
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 3))))
	assert.Equal(t, v1, answer(s.take(1, at(v1, 2))), "from the lowest block that serves it")
	assert.Equal(t, v1, answer(s.take(1, at(v1, 1))), "a seat of 2.0 serves 1.0 too")
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 2))))
	assert.Equal(t, v2, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	assert.Equal(t, messages.VersionTooLow, answer(s.take(1, at(messages.V(2, 1), 1))))
}

func TestAnUpgradeOfAllSeatsGrantsNothingMoreWhileTheOldOnesAreHeld(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: v1, Seats: 3}}})
	held := at(v1, 3)
	s.take(1, held)
	s.book.pools.set([]Feature{{Name: "f", Version: v2, Seats: 3}})
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, v2, answer(s.take(1, at(v2, 3, held.request))), "in place of what is held")
}

func TestAnExactCheckoutNeedsABlockOfItsVersion(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v2, Seats: 1}}})
	for version, want := range map[messages.Version]any{v1: v1, v2: v2, messages.V(1, 5): messages.VersionTooLow} {
		exact := at(version, 1)
		exact.exact = true
		assert.Equal(t, want, answer(s.take(1, exact)))
	}
}

func TestSeatsOfTheOverdraftAreMarked(t *testing.T) {
	ledger := &MemoryLedger{}
	s := newBookStage(t, Config{Ledger: ledger, Features: []Feature{{Name: "f", Version: v1, Seats: 1, Overdraft: 1}}})
	assert.False(t, s.take(1, at(v1, 1)).overdrawn)
	past := at(v1, 1)
	assert.True(t, s.take(1, past).overdrawn)
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	s.restart()
	assert.True(t, s.take(1, past).overdrawn, "also for who asks again after a restart")
	assert.Equal(t, 1, s.book.pools.all[0].status().Overdrawn)
}

func TestABlockThatRunsOutTakesItsSeatsWithIt(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := newBookStage(t, Config{Features: []Feature{
		{Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v2, Seats: 1, Expires: noon},
	}})
	first, second := at(v1, 1), at(v2, 1)
	s.take(1, first)
	lease := s.take(1, second).lease
	assert.False(t, s.book.pools.age(noon), "a block is left")
	assert.Equal(t, messages.FeatureExpired, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	_, held := s.beat(1, lease)
	assert.True(t, held)
	assert.Equal(t, v1, answer(s.take(1, at(v1, 1, second.request))), "in place of what is held")
	assert.Equal(t, FeatureStatus{Feature: Feature{Name: "f", Version: v1, Seats: 1}, Used: 2, Overdrawn: 1, Listed: true},
		s.book.pools.all[0].status())
}

func TestThoseWhoShareHoldOneSeatUntilTheLastIsGone(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: v1, Seats: 2, Share: ShareUser}}})
	s.groups = modelGroups // 1 and 2 are one user
	first, second := at(v1, 1), at(v1, 2)
	s.take(1, first)
	s.take(2, second)
	assert.Equal(t, messages.NoSeats, answer(s.take(3, at(v1, 1))), "the larger of the two counts")
	s.restart()
	assert.Equal(t, messages.NoSeats, answer(s.take(3, at(v1, 1))), "after a restart too")
	require.NoError(t, s.book.checkin(s.client(2), nil, []messages.RequestID{second.request}, s.now))
	assert.Equal(t, v1, answer(s.take(3, at(v1, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(4, at(v1, 1))), "the first still holds its seat")
	require.NoError(t, s.book.checkin(s.client(1), nil, []messages.RequestID{first.request}, s.now))
	assert.Equal(t, v1, answer(s.take(4, at(v1, 1))), "who shares with nobody has a seat of its own")
	assert.Len(t, s.book.pools.groups.of, 1)
}

func TestALeaseOfOneKindTooManyDoesNotShare(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: v1, Seats: 10_000, Share: ShareUser}}})
	s.groups = modelGroups
	for count := 1; count <= maxKinds; count++ {
		s.take(1, at(v1, count))
	}
	require.Equal(t, maxKinds, s.book.pools.all[0].used)
	s.take(2, at(v1, 1))
	assert.Equal(t, maxKinds, s.book.pools.all[0].used)
	s.take(2, at(v1, 1000))
	assert.Equal(t, maxKinds+1000, s.book.pools.all[0].used)
}
