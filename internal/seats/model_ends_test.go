package seats

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// until returns when the last active block ends that serves a version; zero when one never does.
func (m *model) until(feature string, version messages.Version) (last time.Time) {
	for _, f := range m.active(feature) {
		switch {
		case f.Version.Compare(version) < 0:
		case f.Expires.IsZero():
			return time.Time{}
		case f.Expires.After(last):
			last = f.Expires
		}
	}
	return last
}

// expireOutlived ends the leases that the allocator ended since their licences have ended. Which of several it ends is
// its choice, but it may end them only while there are too few seats, and has to go on until there are enough.
func (m *model) expireOutlived() {
	outlived := func(r *modelRequest) bool { return r.held() && !r.until.IsZero() && !m.wall.Before(r.until) }
	short := make(map[string]bool)
	for name := range m.pools {
		short[name] = len(m.active(name)) == 0 || !m.fits(name, m.units(name, m.held(nil)))
	}
	for _, r := range m.all {
		number, known := m.allocator.leases.lookup(m.harness.client(r.client), r.request)
		if outlived(r) && known && m.allocator.leases.at(number).reason == messages.FeatureExpired {
			require.True(m.t, short[r.feature], "a lease is ended though there are seats for it")
			m.end(r, messages.FeatureExpired)
		}
	}
	for _, r := range m.all {
		if outlived(r) && m.now-r.at <= modelTimeout && !m.expired(r.feature) {
			require.True(m.t, m.hasSeat(r), "a lease outlives its licence")
		}
	}
}

// hasSeat reports whether there are as many seats as are held at every tier at which a lease counts.
func (m *model) hasSeat(r *modelRequest) bool {
	live, below, units := m.active(r.feature), messages.V(-1, 0), m.units(r.feature, m.held(nil))
	for _, f := range live {
		needed, seats := 0, 0
		for _, u := range units {
			if u.Compare(below) > 0 {
				needed++
			}
		}
		for _, other := range live {
			if other.Version.Compare(f.Version) >= 0 {
				seats += other.Seats + other.Overdraft
			}
		}
		if needed > seats && r.version.Compare(below) > 0 {
			return false
		}
		below = f.Version
	}
	return len(live) > 0 && live[len(live)-1].Version.Compare(r.version) >= 0 && m.pools[r.feature].listed
}
