package seats

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// pool is the seats of one feature. They may come from several blocks of different versions. A pool outlives its feature
// in the list for as long as the server runs, since leases refer to it.
//
// A lease counts at the version of the lowest block that serves it, and any seat of that version or a higher one will do.
// So it is enough to check each version tier by itself: seats held at version v or higher must not exceed the seats
// licensed at v or higher. The tiers are nested, so if every tier fits, all leases fit. That also holds for leases from
// before the list changed, whose version no block has any more.
type pool struct {
	name    string
	blocks  []license.Feature // as listed last
	listed  bool              // the feature is in the list
	expired bool              // the feature is in the list, at least one block has started, and every started block has expired
	share   license.Share     // of all blocks
	started int               // how many blocks have started, as of the last refresh
	active  int               // how many of these have not expired
	tiers   []tier            // of the active blocks, the lowest version first
	at      time.Time         // of the last refresh

	used  int       // seats held; may exceed the licensed seats after a reload with fewer seats
	uses  []tierUse // seats held by version, lowest first
	usage usage
	tally tally
	queue queue
}

// tier is the seats of all active blocks of one version and of all higher versions.
type tier struct {
	version          versionKey
	seats, overdraft int
}

// tierUse is the seats held by the leases that count at one version.
type tierUse struct {
	version versionKey
	seats   int
}

// list puts the feature into the list with these blocks.
func (p *pool) list(blocks []license.Feature, at time.Time) {
	p.blocks, p.listed, p.started = blocks, true, -1
	p.refresh(at)
}

// unlist takes the feature out of the list.
func (p *pool) unlist() { p.listed, p.expired = false, false }

// setShare changes the share scope of the pool. The seats held must be counted anew.
func (p *pool) setShare(share license.Share) { p.share = share }

// refresh brings blocks into force that have started by this time, and removes blocks that have expired.
func (p *pool) refresh(at time.Time) {
	p.at = at
	started, active := 0, 0
	for i := range p.blocks {
		if b := &p.blocks[i]; b.Started(at) {
			started++
			if b.Active(at) {
				active++
			}
		}
	}
	if started == p.started && active == p.active { // time does not go back: no block has started or expired
		return
	}
	p.started, p.active, p.expired, p.tiers = started, active, active == 0 && started > 0, p.tiers[:0]
	p.queue.reviewAll()
	for _, f := range p.blocks {
		if f.Active(at) {
			p.tiers = append(p.tiers, tier{versionKeyOf(f.Version), f.Seats, f.Overdraft})
		}
	}
	p.addUp()
}

// addUp computes the tiers from the blocks.
func (p *pool) addUp() {
	slices.SortStableFunc(p.tiers, func(a, b tier) int { return cmp.Compare(a.version, b.version) })
	for i := len(p.tiers) - 2; i >= 0; i-- {
		p.tiers[i].seats += p.tiers[i+1].seats
		p.tiers[i].overdraft += p.tiers[i+1].overdraft
	}
	p.tiers = slices.CompactFunc(p.tiers, func(a, b tier) bool { return a.version == b.version })
}

// serve returns the version at which the feature is served to a checkout of this version, or why it is not served. A nil
// pool serves nothing.
func (p *pool) serve(version messages.Version, exact bool) (versionKey, messages.Reason) {
	switch {
	case p == nil || !p.listed || p.started == 0:
		return 0, messages.NoSuchFeature
	case p.expired:
		return 0, messages.FeatureExpired
	}
	want := versionKeyOf(version)
	for _, t := range p.tiers {
		if t.version.serves(want, exact) {
			return t.version, messages.NoReason
		}
	}
	for _, f := range p.blocks { // an active block would have been found
		if f.Started(p.at) && versionKeyOf(f.Version).serves(want, exact) {
			return 0, messages.FeatureExpired
		}
	}
	return 0, messages.VersionTooLow
}

// missing returns the message for a reason of serve. The message repeats no text of the client.
func (p *pool) missing(reason messages.Reason) string {
	switch {
	case reason == messages.NoSuchFeature:
		return "no licence of the server has this feature"
	case reason == messages.VersionTooLow && len(p.tiers) > 0:
		return fmt.Sprintf("the highest version served is %s", p.tiers[len(p.tiers)-1].version.version())
	default:
		return "the licence has run out"
	}
}

// count adds seats to those held at a version. seats is negative when a lease ends.
func (p *pool) count(version versionKey, seats int) {
	p.used += seats
	i := 0
	for i < len(p.uses) && p.uses[i].version < version {
		i++
	}
	if i == len(p.uses) || p.uses[i].version != version {
		p.uses = slices.Insert(p.uses, i, tierUse{version: version})
	}
	if p.uses[i].seats += seats; p.uses[i].seats == 0 && len(p.uses) > 1 {
		p.uses = slices.Delete(p.uses, i, i+1)
	}
}

// countGroup adds the seats that a share group holds to those held, or removes them.
func (p *pool) countGroup(g *shareGroup, sign int) {
	most := 0
	for _, s := range g.sizes {
		switch {
		case g.id.share != p.share:
			p.count(s.version, sign*s.seats*s.leases)
		case s.seats > most:
			p.count(s.version, sign*(s.seats-most))
			most = s.seats
		}
	}
}

// held yields each tier with the seats held by leases that count at a version above the previous tier.
func (p *pool) held(yield func(t tier, used int) bool) {
	used, u := p.used, 0
	for i, t := range p.tiers {
		for ; i > 0 && u < len(p.uses) && p.uses[u].version <= p.tiers[i-1].version; u++ {
			used -= p.uses[u].seats
		}
		if !yield(t, used) {
			return
		}
	}
}

// lowest returns the lowest version that counts at a tier.
func (p *pool) lowest(tier int) versionKey {
	if tier == 0 {
		return 0
	}
	return p.tiers[tier-1].version + 1
}

// shortfall returns a tier at which a change of the seats held would take more seats than there are, with the seats
// held now. A tier at which the change takes no additional seats is never short, even if more seats are held than
// licensed.
func (p *pool) shortfall(change []int) (t tier, used int, found bool) {
	i := 0
	for t, used := range p.held {
		if change[i] > 0 && used+change[i] > t.seats+t.overdraft {
			return t, used, true
		}
		i++
	}
	return tier{}, 0, false
}

// capacity returns how many seats there are, held or not, for a lease that counts at a version.
func (p *pool) capacity(version versionKey) int {
	for _, t := range p.tiers {
		if t.version >= version {
			return t.seats + t.overdraft
		}
	}
	return 0
}

// until returns when the last of the active blocks expires that serve a version, in milliseconds since 1970; 0 when one of
// them never does.
func (p *pool) until(version versionKey) (last int64) {
	for i := range p.blocks {
		b := &p.blocks[i]
		if !b.Active(p.at) || versionKeyOf(b.Version) < version {
			continue
		}
		if b.Expires.IsZero() {
			return 0
		}
		last = max(last, b.Expires.UnixMilli())
	}
	return last
}

// exceeded reports whether the active licences have too few seats for a held lease of this version: none of such a version,
// or fewer than are held at a tier at which the lease counts.
func (p *pool) exceeded(version versionKey) bool {
	if !p.listed || len(p.tiers) == 0 || version > p.tiers[len(p.tiers)-1].version {
		return true
	}
	i := 0
	for t, used := range p.held {
		if version >= p.lowest(i) && used > t.seats+t.overdraft {
			return true
		}
		i++
	}
	return false
}

// licensed returns how many seats of all versions there are, without overdraft.
func (p *pool) licensed() int {
	if !p.listed || len(p.tiers) == 0 {
		return 0
	}
	return p.tiers[0].seats
}

// overdrawn returns how many seats are held beyond the seats without overdraft.
func (p *pool) overdrawn() (beyond int) {
	for t, used := range p.held {
		beyond = max(beyond, used-t.seats)
	}
	return beyond
}

// overdraws reports whether, after a change, a lease at this version uses or may use seats of the overdraft.
func (p *pool) overdraws(version versionKey, change []int) (yes bool) {
	i := 0
	for t, used := range p.held {
		if yes = used+change[i] > t.seats; yes || t.version >= version {
			break
		}
		i++
	}
	return yes
}

// status returns the sums over the blocks.
func (p *pool) status() PoolStatus {
	blocks := p.blocks
	if p.active > 0 {
		blocks = slices.DeleteFunc(slices.Clone(blocks), func(f license.Feature) bool { return !f.Active(p.at) })
	}
	sum := license.Feature{Name: p.name, Share: p.share, Starts: p.starts()}
	for i, f := range blocks {
		if versionKeyOf(f.Version) > versionKeyOf(sum.Version) {
			sum.Version = f.Version
		}
		sum.Seats, sum.Overdraft = sum.Seats+f.Seats, sum.Overdraft+f.Overdraft
		if i == 0 || !sum.Expires.IsZero() && (f.Expires.IsZero() || sum.Expires.Before(f.Expires)) {
			sum.Expires = f.Expires
		}
	}
	return PoolStatus{Feature: sum, Used: p.used, Overdrawn: p.overdrawn(), Listed: p.listed, Waiting: p.queue.len()}
}

// starts returns the earliest start of the blocks while no block has started, otherwise the zero time.
func (p *pool) starts() (first time.Time) {
	if p.started > 0 || !p.listed {
		return first
	}
	for _, f := range p.blocks {
		if first.IsZero() || f.Starts.Before(first) {
			first = f.Starts
		}
	}
	return first
}

// sample returns the values of the pool for the metrics.
func (p *pool) sample() PoolSample {
	return PoolSample{
		Name: p.name, Licensed: int64(p.licensed()), Used: int64(p.used), Overdrawn: int64(p.overdrawn()),
		Waiting: int64(p.queue.len()), Denied: p.tally.denied, Expired: p.tally.expired,
	}
}
