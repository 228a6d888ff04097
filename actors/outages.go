package actors

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// MergeOutages returns what two views of one server's outages say together.
func MergeOutages(a, b messages.OutageRecord, now time.Time, window time.Duration) messages.OutageRecord {
	merged := messages.OutageRecord{Last: a.Last}
	if b.Last != (messages.Identity{}) && b.Last.Epoch >= a.Last.Epoch {
		merged.Last = b.Last
	}
	for _, o := range append(slices.Clone(a.Outages), b.Outages...) {
		if now.Sub(o.Up) >= window || slices.ContainsFunc(merged.Outages, func(p messages.Outage) bool { return p == o }) {
			continue
		}
		merged.Outages = append(merged.Outages, o)
	}
	slices.SortFunc(merged.Outages, func(x, y messages.Outage) int { return x.Up.Compare(y.Up) })
	return merged
}
