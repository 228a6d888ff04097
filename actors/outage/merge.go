package outage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// KeptOutages is the most outages of one server that a record keeps, the newest ones. It is more than any limit allows, so
// that what is forgotten would not change a decision.
const MaxKept = 1000

// MergeOutages returns what two views of one server's outages say together at the time now. It changes neither argument.
// Section 3 of the rules wants that twenty processes count one restart once, so outages become one when they are the same:
//
//   - Restarts are one by BootID, whatever their times: Down is the earliest heartbeat that failed anywhere, and Up the
//     first answer anywhere, which is when that life was up for certain. A process that learns of the restart hours
//     later, since it did not talk to the server before, thus neither delays nor repeats it. Different restarts are
//     never one, even when their spans overlap.
//   - Outages without a restart are one when their spans overlap or touch, from the earliest Down to the latest Up.
//   - One without a restart that overlaps a restart is part of it: it can make Down earlier, and leaves Up as it is.
//
// A time after now comes from a clock that was wrong and becomes now; a Down after its Up becomes that Up. Outages that
// ended a window ago or earlier are left out. The result is in the order of Up, at most KeptOutages, in UTC.
//
// Last is the one with the higher Epoch; if they are equal the life that came up later as far as outages tell, else b's.
//
// So the order and grouping of merges with one now and window does not matter, and merging again what is in already
// changes nothing, with these exceptions. An outage without a restart that lasts beyond the Up of a restart it overlaps
// may or may not be found to be part of it; restarts and their Ups are exact all the same. A late view of a restart that
// the window has let go of cannot be recognised any more. The Down of a restart may differ when spans of several
// restarts overlap. Last may differ when lives have the same Epoch. Nothing is promised beyond KeptOutages.
func Merge(a, b messages.OutageRecord, now time.Time, window time.Duration) messages.OutageRecord {
	now = now.Round(0).UTC() // without monotonic time, which the times of other processes don't have
	seen := repairOutages(slices.Concat(a.Outages, b.Outages), now)
	last := laterLife(a.Last, b.Last, seen)
	var restarts, breaks []messages.Outage
	for _, o := range seen {
		if o.Restart {
			restarts = append(restarts, o)
		} else {
			breaks = append(breaks, o)
		}
	}
	// Restarts are merged before the window is looked at: an old one stays old, however late it is told of again.
	restarts = withinWindow(mergeRestarts(restarts), now, window)
	breaks = mergeBreaks(withinWindow(breaks, now, window))
	merged := absorbBreaks(restarts, breaks)
	slices.SortStableFunc(merged, func(x, y messages.Outage) int { return x.Up.Compare(y.Up) })
	return messages.OutageRecord{Last: last, Outages: merged[max(0, len(merged)-MaxKept):]}
}

// repairOutages takes the impossible out of the times, in place, and brings them into the one form that compares equal.
func repairOutages(outages []messages.Outage, now time.Time) []messages.Outage {
	for i := range outages {
		o := &outages[i]
		o.Up = earlier(o.Up.Round(0).UTC(), now)
		o.Down = earlier(o.Down.Round(0).UTC(), o.Up)
	}
	return outages
}

// laterLife returns the identity that the server had later.
func laterLife(a, b messages.Identity, seen []messages.Outage) messages.Identity {
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

// lastUp returns when a life was last seen to come up, zero if it was not.
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

// mergeRestarts makes one of all views of the same restart, in place.
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

// mergeBreaks makes one of all outages without a restart that are linked by overlaps, in place.
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

// absorbBreaks returns the restarts, and then those breaks that are no part of one. The breaks are apart from each other.
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
