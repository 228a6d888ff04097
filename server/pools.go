package server

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// pool is the seats of one feature. It outlives the feature in the list for as long as the server runs, since leases
// name it.
type pool struct {
	feature Feature
	listed  bool // the feature is in the list
	expired bool // its licence has run out, as of the last tick
	used    int  // seats held; more than there are after a list with fewer seats came in
}

// refuse returns why the feature is not served in this version, or NoReason.
func (p *pool) refuse(version messages.Version, exact bool) messages.Reason {
	switch {
	case p == nil || !p.listed:
		return messages.NoSuchFeature
	case p.expired:
		return messages.FeatureExpired
	case !p.feature.Version.Serves(version, exact):
		return messages.VersionTooLow
	default:
		return messages.NoReason
	}
}

// pools are all features, by name and by the index that entries hold.
type pools struct {
	all    []*pool
	byName map[string]uint32
}

func newPools() pools { return pools{byName: make(map[string]uint32)} }

// set makes features the list. Leases are not touched: a pool with more seats taken than it now has grants again once
// enough of them came back, one that left the list grants nothing.
func (ps *pools) set(features []Feature) {
	for _, p := range ps.all {
		p.listed = false
	}
	for _, f := range features {
		p := ps.all[ps.named(f.Name)]
		p.feature, p.listed = f, true
	}
}

// named returns the index of the pool with this name, a new one without seats if there is none.
func (ps *pools) named(name string) uint32 {
	if i, ok := ps.byName[name]; ok {
		return i
	}
	i := uint32(len(ps.all))
	ps.all = append(ps.all, &pool{feature: Feature{Name: name}})
	ps.byName[name] = i
	return i
}

// find returns the pool with this name, nil if there is none.
func (ps *pools) find(name string) (uint32, *pool) {
	i, ok := ps.byName[name]
	if !ok {
		return 0, nil
	}
	return i, ps.all[i]
}

// age notes which licences have run out by this time, and reports whether any of them still has seats taken.
func (ps *pools) age(wall time.Time) (overdue bool) {
	for _, p := range ps.all {
		p.expired = p.listed && !p.feature.Expires.IsZero() && !wall.Before(p.feature.Expires)
		overdue = overdue || p.expired && p.used > 0
	}
	return overdue
}
