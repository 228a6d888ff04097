package seats

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// modelPool is what the model knows of one feature.
type modelPool struct {
	blocks []license.Feature
	listed bool
	share  license.Share
}

// started returns the blocks that have started.
func (m *model) started(feature string) (started []license.Feature) {
	for _, f := range m.pools[feature].blocks {
		if f.Starts.IsZero() || !m.wall.Before(f.Starts) {
			started = append(started, f)
		}
	}
	return started
}

// active returns the started blocks that have not expired, the lowest version first.
func (m *model) active(feature string) (active []license.Feature) {
	for _, f := range m.started(feature) {
		if f.Expires.IsZero() || m.wall.Before(f.Expires) {
			active = append(active, f)
		}
	}
	slices.SortStableFunc(active, func(a, b license.Feature) int { return a.Version.Compare(b.Version) })
	return active
}

// expired reports whether all blocks of a feature that have started have expired.
func (m *model) expired(feature string) bool {
	return m.pools[feature].listed && len(m.started(feature)) > 0 && len(m.active(feature)) == 0
}

// unit is one seat that a lease needs, of at least this version.
type unit = messages.Version

// units returns the seats that held leases need, the highest version first. Every lease needs its own seats, and leases that
// share need as many as the largest of them takes.
func (m *model) units(feature string, held []*modelRequest) (units []unit) {
	groups := make(map[shareKey][]*modelRequest)
	for _, r := range held {
		switch {
		case r.feature != feature:
		case r.scope != license.ShareNone && r.scope == m.pools[feature].share:
			groups[r.group] = append(groups[r.group], r)
		default:
			units = append(units, slices.Repeat([]unit{r.version}, r.count)...)
		}
	}
	for _, sharers := range groups {
		for i := 1; ; i++ {
			var highest *modelRequest
			for _, r := range sharers {
				if r.count >= i && (highest == nil || r.version.Compare(highest.version) > 0) {
					highest = r
				}
			}
			if highest == nil {
				break
			}
			units = append(units, highest.version)
		}
	}
	slices.SortFunc(units, func(a, b unit) int { return b.Compare(a) })
	return units
}

// fits reports whether every unit has a seat of its own.
func (m *model) fits(feature string, units []unit) bool {
	var seats []messages.Version
	for _, f := range m.active(feature) {
		seats = append(seats, slices.Repeat([]messages.Version{f.Version}, f.Seats+f.Overdraft)...)
	}
	slices.SortFunc(seats, func(a, b messages.Version) int { return b.Compare(a) })
	for i, u := range units {
		if i >= len(seats) || seats[i].Compare(u) < 0 {
			return false
		}
	}
	return true
}

// held returns the leases that are held, without some of them and with some others.
func (m *model) held(without []*modelRequest, with ...*modelRequest) (held []*modelRequest) {
	for _, r := range m.all {
		if r.held() && !slices.Contains(without, r) {
			held = append(held, r)
		}
	}
	return append(held, with...)
}

// served predicts the version at which a feature is served.
func (m *model) served(t Take) (messages.Version, messages.Reason) {
	p := m.pools[t.Feature]
	if p == nil || !p.listed || len(m.started(t.Feature)) == 0 {
		return messages.Version{}, messages.NoSuchFeature
	}
	if m.expired(t.Feature) {
		return messages.Version{}, messages.FeatureExpired
	}
	for _, f := range m.active(t.Feature) {
		if f.Version.Serves(t.Version, t.Exact) {
			return f.Version, messages.NoReason
		}
	}
	if slices.ContainsFunc(m.started(t.Feature), func(f license.Feature) bool { return f.Version.Serves(t.Version, t.Exact) }) {
		return messages.Version{}, messages.FeatureExpired
	}
	return messages.Version{}, messages.VersionTooLow
}

// checkSeats predicts whether there are too few seats: whether at the version of some block more are needed than the block
// and the higher ones have, and more than before. past is the same without overdraft, for the versions that serve the
// lease. further is whether more seats are needed than before at all.
func (m *model) checkSeats(r *modelRequest, back []*modelRequest) (short, past, further bool) {
	before, after := m.units(r.feature, m.held(nil)), m.units(r.feature, m.held(back, r))
	live, below := m.active(r.feature), messages.V(-1, 0)
	for _, f := range live {
		needs := func(units []unit) int {
			return len(slices.DeleteFunc(slices.Clone(units), func(u unit) bool { return u.Compare(below) <= 0 }))
		}
		seats, overdraft := 0, 0
		for _, other := range live {
			if other.Version.Compare(f.Version) >= 0 {
				seats, overdraft = seats+other.Seats, overdraft+other.Overdraft
			}
		}
		more := needs(after) > needs(before)
		short, further = short || more && needs(after) > seats+overdraft, further || more
		past = past || r.version.Compare(below) > 0 && needs(after) > seats
		below = f.Version
	}
	return short, past, further
}

// someBlocks draws a list of features.
func (m *model) someBlocks() (list []license.Feature) {
	for _, name := range []string{"a", "b"} {
		share := rapid.SampledFrom([]license.Share{license.ShareNone, license.ShareNone, license.ShareUser, license.ShareHost}).Draw(m.t, "share of "+name)
		for range rapid.IntRange(0, 3).Draw(m.t, "blocks of "+name) {
			f := license.Feature{
				Name: name, Version: m.someVersion(), Seats: rapid.IntRange(0, 4).Draw(m.t, "seats"), Share: share,
				Overdraft: max(0, rapid.IntRange(-3, 2).Draw(m.t, "overdraft")),
			}
			if rapid.IntRange(0, 2).Draw(m.t, "expires") == 0 {
				f.Expires = m.wall.Add(time.Duration(rapid.IntRange(-5, 60).Draw(m.t, "in seconds")) * time.Second)
			}
			if rapid.IntRange(0, 2).Draw(m.t, "starts") == 0 {
				f.Starts = m.wall.Add(time.Duration(rapid.IntRange(-5, 30).Draw(m.t, "in seconds")) * time.Second)
			}
			list = append(list, f)
		}
	}
	return list
}

func (m *model) someVersion() messages.Version {
	return rapid.SampledFrom([]messages.Version{messages.V(1, 0), messages.V(1, 5), messages.V(2, 0)}).Draw(m.t, "version")
}

// list brings a list into force, and returns it.
func (m *model) list(features []license.Feature) []license.Feature {
	for _, p := range m.pools {
		p.listed, p.blocks = false, p.blocks[:0:0]
	}
	for _, f := range features {
		p := m.pools[f.Name]
		if p == nil {
			p = &modelPool{}
			m.pools[f.Name] = p
		}
		p.listed, p.share, p.blocks = true, f.Share, append(p.blocks, f)
	}
	return features
}
