package outage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// MaxKept is how many outages of one server a record keeps at most: the newest ones. It is above every limit, so that what
// is dropped would not change a decision.
const MaxKept = 1000

// Merge returns what two views of one server's outages say together, at the time now. It changes neither argument.
//
// Twenty processes that see one restart must count it once. So two outages become one when they are the same outage:
//
//   - Two restarts are the same when they have the same BootID, whatever their times. Down is the earliest heartbeat that
//     failed in any process, and Up the first answer to any process. A process that learns of a restart hours later, since
//     it did not talk to the server before, neither delays nor repeats it. Restarts with different BootIDs are never the
//     same, even when their spans overlap.
//   - Two outages without a restart are the same when their spans overlap or touch. The result lasts from the earlier Down
//     to the later Up.
//   - An outage without a restart that overlaps a restart is part of the restart. It can make Down earlier, and leaves Up
//     as it is.
//
// A time after now comes from a wrong clock and becomes now. A Down after its Up becomes that Up. Outages that ended a
// window ago or earlier are left out. The result is in the order of Up, in UTC, and has at most MaxKept outages.
//
// Last is the identity with the higher Epoch. When the Epochs are equal it is the incarnation that came up later, as far
// as the outages tell, and else that of b.
//
// With the same now and window, the order and grouping of merges does not matter, and merging again what is merged already
// changes nothing. The exceptions: An outage without a restart that overlaps a restart and lasts beyond its Up may stay an
// outage of its own or not; restarts and their Ups are exact all the same. A restart that has left the window is not
// recognised when a process sees it late. Down may differ when the spans of several restarts overlap. Last may differ when
// incarnations have the same Epoch. Nothing is promised beyond MaxKept.
func Merge(a, b messages.OutageRecord, now time.Time, window time.Duration) messages.OutageRecord {
	now = now.Round(0).UTC() // without monotonic time, which the times of other processes do not have
	seen := repairOutages(slices.Concat(a.Outages, b.Outages), now)
	last := laterIdentity(a.Last, b.Last, seen)
	var restarts, breaks []messages.Outage
	for _, o := range seen {
		if o.Restart {
			restarts = append(restarts, o)
		} else {
			breaks = append(breaks, o)
		}
	}
	// Restarts are merged before the window is applied: an old restart stays old, however late it is seen again.
	restarts = withinWindow(mergeRestarts(restarts), now, window)
	breaks = mergeBreaks(withinWindow(breaks, now, window))
	merged := absorbBreaks(restarts, breaks)
	slices.SortStableFunc(merged, func(x, y messages.Outage) int { return x.Up.Compare(y.Up) })
	return messages.OutageRecord{Last: last, Outages: merged[max(0, len(merged)-MaxKept):]}
}

// repairOutages corrects impossible times, in place, and brings all times into one form, so that equal times compare equal.
func repairOutages(outages []messages.Outage, now time.Time) []messages.Outage {
	for i := range outages {
		o := &outages[i]
		o.Up = earlier(o.Up.Round(0).UTC(), now)
		o.Down = earlier(o.Down.Round(0).UTC(), o.Up)
	}
	return outages
}

// laterIdentity returns the identity that the server had later.
func laterIdentity(a, b messages.Identity, seen []messages.Outage) messages.Identity {
	none := messages.Identity{}
	switch {
	case a == none, b != none && b.Epoch > a.Epoch:
		return b
	case b == none, a.Epoch > b.Epoch, lastUp(seen, a.BootID).After(lastUp(seen, b.BootID)):
		return a
	default:
		return b
	}
}

// lastUp returns when an incarnation was last seen to come up; zero if it was not.
func lastUp(seen []messages.Outage, bootID string) time.Time {
	var up time.Time
	for _, o := range seen {
		if o.BootID == bootID && o.Up.After(up) {
			up = o.Up
		}
	}
	return up
}

// withinWindow removes what ended a window ago or earlier, in place.
func withinWindow(outages []messages.Outage, now time.Time, window time.Duration) []messages.Outage {
	return slices.DeleteFunc(outages, func(o messages.Outage) bool { return now.Sub(o.Up) >= window })
}

// mergeRestarts merges all views of the same restart, in place.
func mergeRestarts(restarts []messages.Outage) []messages.Outage {
	slices.SortFunc(restarts, func(x, y messages.Outage) int { return strings.Compare(x.BootID, y.BootID) })
	merged := restarts[:0]
	for _, r := range restarts {
		if n := len(merged); n > 0 && merged[n-1].BootID == r.BootID {
			one := &merged[n-1]
			one.Down, one.Up = earlier(one.Down, r.Down), earlier(one.Up, r.Up)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// mergeBreaks merges outages without a restart that overlap, directly or through others, in place.
func mergeBreaks(breaks []messages.Outage) []messages.Outage {
	slices.SortFunc(breaks, func(x, y messages.Outage) int { return x.Down.Compare(y.Down) })
	merged := breaks[:0]
	for _, b := range breaks {
		if n := len(merged); n > 0 && overlap(merged[n-1], b) {
			one := &merged[n-1]
			if cmp.Or(b.Up.Compare(one.Up), strings.Compare(b.BootID, one.BootID)) > 0 {
				one.Up, one.BootID = b.Up, b.BootID
			}
			continue
		}
		merged = append(merged, b)
	}
	return merged
}

// absorbBreaks returns the restarts, and then the breaks that are not part of a restart. The breaks must not overlap each
// other.
func absorbBreaks(restarts, breaks []messages.Outage) []messages.Outage {
	merged := append([]messages.Outage(nil), restarts...)
	for _, b := range breaks {
		apart := true
		for i, r := range restarts {
			if overlap(r, b) {
				merged[i].Down = earlier(merged[i].Down, b.Down)
				apart = false
			}
		}
		if apart {
			merged = append(merged, b)
		}
	}
	return merged
}

// overlap reports whether two spans have a moment in common.
func overlap(x, y messages.Outage) bool { return !x.Down.After(y.Up) && !y.Down.After(x.Up) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
