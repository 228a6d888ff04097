package outage

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

// anyOutages draws outages of a server with five incarnations within these seconds; any of them may be wrong by its
// clock.
func anyOutages(rt *rapid.T, from, to int) []messages.Outage {
	one := rapid.Custom(func(rt *rapid.T) messages.Outage {
		return messages.Outage{
			BootID:  "b" + strconv.Itoa(rapid.IntRange(0, 4).Draw(rt, "incarnation")),
			Restart: rapid.Bool().Draw(rt, "restart"),
			Down:    second(rapid.IntRange(from, to).Draw(rt, "down")),
			Up:      second(rapid.IntRange(from, to).Draw(rt, "up")),
		}
	})
	return rapid.SliceOfN(one, 0, 8).Draw(rt, "outages")
}

// anyRecord draws a record at second 500, some of it in the future or out of the window. Its Last is a incarnation with an epoch
// of its own, or none.
func anyRecord(rt *rapid.T) messages.OutageRecord {
	r := messages.OutageRecord{Outages: anyOutages(rt, -1100, 600)}
	if n := rapid.IntRange(0, 4).Draw(rt, "last"); n > 0 {
		r.Last = messages.Identity{ServerID: "S1", BootID: "b" + strconv.Itoa(n), Epoch: uint64(n)}
	}
	return r
}

func TestMergeDoesNotCareWhoseViewComesFirst(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := anyRecord(rt), anyRecord(rt)
		assert.Equal(rt, mergedAt(500, a, b), mergedAt(500, b, a))
	})
}

func TestMergeOfARecordWithItselfIsThatRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := anyRecord(rt)
		once := mergedAt(500, a, messages.OutageRecord{})
		require.Equal(rt, once, mergedAt(500, a, a))
		assert.Equal(rt, once, mergedAt(500, once, once))
	})
}

func TestMergeLeavesNothingImpossible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		merged := mergedAt(500, anyRecord(rt), anyRecord(rt)).Outages
		for i, o := range merged {
			assert.False(rt, o.Down.After(o.Up) || o.Up.After(second(500)) || !o.Up.After(second(-500)), "%v", o)
			for _, p := range merged[:i] {
				assert.False(rt, p.Up.After(o.Up), "not in order: %v %v", p, o)
				assert.False(rt, p.BootID == o.BootID && p.Restart && o.Restart, "twice: %v %v", p, o)
				assert.False(rt, overlap(p, o) && !(p.Restart && o.Restart), "one outage: %v %v", p, o)
			}
		}
	})
}

func TestMergeFindsTheSameRestartsInEveryOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seen := anyOutages(rt, 0, 40)
		want := restartTimes(mergedAt(500, recordOf(seen...), messages.OutageRecord{}))
		assert.Equal(rt, want, restartTimes(mergedInAnyOrder(rt, seen)))
	})
}

func TestMergeCountsTheSameInEveryOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seen := withoutOverhang(repairOutages(anyOutages(rt, 0, 40), second(500)))
		want := mergedAt(500, recordOf(seen...), messages.OutageRecord{})
		got := mergedInAnyOrder(rt, seen)
		require.Equal(rt, restartTimes(want), restartTimes(got))
		assert.Equal(rt, breaksOf(want), breaksOf(got))
	})
}

// mergedInAnyOrder gives each outage to some of several processes, lets them merge with each other at random, and
// returns what all of them together know.
func mergedInAnyOrder(rt *rapid.T, seen []messages.Outage) messages.OutageRecord {
	processes := make([]messages.OutageRecord, 4)
	any := rapid.IntRange(0, len(processes)-1)
	tell := func(to int, news messages.OutageRecord) { processes[to] = mergedAt(500, processes[to], news) }
	for _, o := range rapid.Permutation(seen).Draw(rt, "order") {
		for range rapid.IntRange(1, 2).Draw(rt, "times") {
			tell(any.Draw(rt, "seen by"), recordOf(o))
		}
		tell(any.Draw(rt, "to"), processes[any.Draw(rt, "from")])
	}
	for _, p := range processes[1:] {
		tell(0, p)
	}
	return processes[0]
}

// restartTimes returns the Up of each restart.
func restartTimes(r messages.OutageRecord) map[string]time.Time {
	ups := make(map[string]time.Time)
	for _, o := range r.Outages {
		if o.Restart {
			ups[o.BootID] = o.Up
		}
	}
	return ups
}

func breaksOf(r messages.OutageRecord) []messages.Outage {
	return slices.DeleteFunc(slices.Clone(r.Outages), func(o messages.Outage) bool { return o.Restart })
}

// withoutOverhang removes the breaks for which the order matters: those that are linked to one that overlaps some view of
// a restart and lasts beyond its first Up.
func withoutOverhang(seen []messages.Outage) []messages.Outage {
	first := restartTimes(mergedAt(500, recordOf(seen...), messages.OutageRecord{}))
	linked := mergeBreaks(breaksOf(recordOf(seen...)))
	overhangs := func(b messages.Outage) bool {
		return slices.ContainsFunc(seen, func(r messages.Outage) bool {
			return r.Restart && overlap(r, b) && b.Up.After(first[r.BootID])
		})
	}
	return slices.DeleteFunc(seen, func(o messages.Outage) bool {
		return !o.Restart && slices.ContainsFunc(linked, func(b messages.Outage) bool { return overlap(b, o) && overhangs(b) })
	})
}
