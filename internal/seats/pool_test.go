package seats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

var v1, v2 = messages.V(1, 0), messages.V(2, 0)

// at is a take of seats of f in a version.
func at(version messages.Version, count int, replaces ...messages.RequestID) Take {
	t := seats("f", count, replaces...)
	t.Version = version
	return t
}

func answer(o Outcome) any {
	if o.Result == Granted {
		return o.Version
	}
	return o.Reason
}

func TestBlocksOfAFeatureAddUp(t *testing.T) {
	s := newHarness(t, []license.Feature{
		{Name: "f", Version: v2, Seats: 2}, {Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v1, Seats: 1},
	}...)
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 3))))
	assert.Equal(t, v1, answer(s.take(1, at(v1, 2))), "from the lowest block that serves it")
	assert.Equal(t, v1, answer(s.take(1, at(v1, 1))), "a seat of 2.0 serves 1.0 too")
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 2))))
	assert.Equal(t, v2, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	assert.Equal(t, messages.VersionTooLow, answer(s.take(1, at(messages.V(2, 1), 1))))
}

func TestAnUpgradeOfAllSeatsGrantsNothingMoreWhileTheOldOnesAreHeld(t *testing.T) {
	s := newHarness(t, []license.Feature{{Name: "f", Version: v1, Seats: 3}}...)
	held := at(v1, 3)
	s.take(1, held)
	s.allocator.pools.set([]license.Feature{{Name: "f", Version: v2, Seats: 3}})
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, v2, answer(s.take(1, at(v2, 3, held.Request))), "in place of what is held")
}

func TestAnExactCheckoutNeedsABlockOfItsVersion(t *testing.T) {
	s := newHarness(t, []license.Feature{{Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v2, Seats: 1}}...)
	for version, want := range map[messages.Version]any{v1: v1, v2: v2, messages.V(1, 5): messages.VersionTooLow} {
		exact := at(version, 1)
		exact.Exact = true
		assert.Equal(t, want, answer(s.take(1, exact)))
	}
}

func TestSeatsOfTheOverdraftAreMarked(t *testing.T) {
	s := newHarness(t, license.Feature{Name: "f", Version: v1, Seats: 1, Overdraft: 1})
	assert.False(t, s.take(1, at(v1, 1)).Overdrawn)
	past := at(v1, 1)
	assert.True(t, s.take(1, past).Overdrawn)
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	s.restart()
	assert.True(t, s.take(1, past).Overdrawn, "also for who asks again after a restart")
	assert.Equal(t, 1, s.allocator.pools.all[0].status().Overdrawn)
}

func TestABlockThatRunsOutTakesItsSeatsWithIt(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := newHarness(t, []license.Feature{
		{Name: "f", Version: v1, Seats: 1}, {Name: "f", Version: v2, Seats: 1, Expires: noon},
	}...)
	first, second := at(v1, 1), at(v2, 1)
	s.take(1, first)
	lease := s.take(1, second).Lease
	assert.False(t, s.allocator.pools.refresh(noon), "a block is left")
	assert.Equal(t, messages.FeatureExpired, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
	_, held := s.beat(1, lease)
	assert.True(t, held)
	assert.Equal(t, v1, answer(s.take(1, at(v1, 1, second.Request))), "in place of what is held")
	assert.Equal(t, PoolStatus{Feature: license.Feature{Name: "f", Version: v1, Seats: 1}, Used: 2, Overdrawn: 1, Listed: true},
		s.allocator.pools.all[0].status())
}

func TestClientsThatShareHoldOneSeatUntilTheLastHasLeft(t *testing.T) {
	s := newHarness(t, shared(2))
	s.keys = modelGroups // 1 and 2 are one user
	first, second := at(v1, 1), at(v1, 2)
	s.take(1, first)
	s.take(2, second)
	assert.Equal(t, messages.NoSeats, answer(s.take(3, at(v1, 1))), "the larger of the two counts")
	s.restart()
	assert.Equal(t, messages.NoSeats, answer(s.take(3, at(v1, 1))), "after a restart too")
	require.NoError(t, s.allocator.Checkin(s.client(2), nil, []messages.RequestID{second.Request}, s.now))
	assert.Equal(t, v1, answer(s.take(3, at(v1, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(4, at(v1, 1))), "the first still holds its seat")
	require.NoError(t, s.allocator.Checkin(s.client(1), nil, []messages.RequestID{first.Request}, s.now))
	assert.Equal(t, v1, answer(s.take(4, at(v1, 1))), "who shares with nobody has a seat of its own")
	assert.Len(t, s.allocator.pools.groups.of, 1)
}

func TestALeaseOfOneKindTooManyDoesNotShare(t *testing.T) {
	s := newHarness(t, shared(10_000))
	s.keys = modelGroups
	for count := 1; count <= maxSizes; count++ {
		s.take(1, at(v1, count))
	}
	require.Equal(t, maxSizes, s.allocator.pools.all[0].used)
	s.take(2, at(v1, 1))
	assert.Equal(t, maxSizes, s.allocator.pools.all[0].used)
	s.take(2, at(v1, 1000))
	assert.Equal(t, maxSizes+1000, s.allocator.pools.all[0].used)
}

func TestAVersionWhoseLicenceHasNotStartedIsNotServedYet(t *testing.T) {
	s := newHarness(t, feature(1), license.Feature{Name: "f", Version: v2, Seats: 1, Starts: time.Now().Add(time.Hour)})
	assert.Equal(t, messages.VersionTooLow, answer(s.take(1, at(v2, 1))))
	assert.Equal(t, v1, answer(s.take(1, at(v1, 1))))
	assert.Equal(t, messages.NoSeats, answer(s.take(1, at(v1, 1))))
}

func TestADenialSaysWhatIsMissing(t *testing.T) {
	s := newHarness(t, license.Feature{Name: "f", Version: messages.V(2, 1), Seats: 3})
	s.take(1, seats("f", 2))
	high := seats("f", 1)
	high.Version = messages.V(3, 0)
	for want, asked := range map[string]Take{
		"2 of 3 seats in use (you 0, your other clients 2), 2 asked for": seats("f", 2),
		"the highest version served is 2.1":                              high,
		"no licence of the server has this feature":                      seats("none", 1),
	} {
		assert.Equal(t, want, s.take(2, asked).Message)
	}
}
