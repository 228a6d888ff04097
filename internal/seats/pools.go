package seats

import (
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/server/license"
)

// pools holds the pools of all features, found by name or by index, and the share groups of all pools.
type pools struct {
	all    []*pool
	byName map[string]uint32
	groups shareGroups
	at     time.Time // of the last refresh
}

// demand is what one lease takes of a pool: seats of its own, or seats shared with a group.
type demand struct {
	version versionKey
	seats   int
	group   uint32 // index of the share group, 0 for none
}

func newPools() *pools { return &pools{byName: make(map[string]uint32), groups: newShareGroups()} }

// set replaces the list of features. It ends no lease. A pool with more seats held than it now has grants again once
// enough seats are returned; a pool that left the list grants nothing.
func (ps *pools) set(features []license.Feature) {
	for _, p := range ps.all {
		p.unlist()
	}
	blocks := make(map[string][]license.Feature, len(features))
	for _, f := range features {
		blocks[f.Name] = append(blocks[f.Name], f)
	}
	for name, blocks := range blocks {
		index := ps.ensure(name)
		ps.setShare(index, blocks[0].Share)
		ps.all[index].list(blocks, ps.at)
	}
}

// setShare changes the share scope of a pool. From now on groups of another scope do not share seats: each of their
// leases counts.
func (ps *pools) setShare(index uint32, share license.Share) {
	p := ps.all[index]
	if p.share == share {
		return
	}
	ps.recount(index, -1)
	p.setShare(share) // between the two recounts, because groups are counted by the scope of the pool
	ps.recount(index, +1)
}

func (ps *pools) recount(index uint32, sign int) {
	for g := range ps.groups.ofPool(index) {
		ps.all[index].countGroup(g, sign)
	}
}

// count adds the demand of a lease to the seats held of a pool, or removes it.
func (ps *pools) count(index uint32, d demand, sign int) {
	p := ps.all[index]
	if d.group == 0 {
		p.count(d.version, sign*d.seats)
		return
	}
	g := ps.groups.at(d.group)
	p.countGroup(g, -1)
	g.change(d, sign)
	p.countGroup(g, +1)
}

// change appends to into, for each tier of a pool, how many more seats are held there when a lease with this demand
// replaces the old leases.
func (ps *pools) change(into []int, index uint32, want demand, old []*entry) []int {
	p := ps.all[index]
	groups := ps.changedGroups(index, want, old)
	for i := range p.tiers {
		version, seats := p.lowest(i), 0
		if want.group == 0 && want.version >= version {
			seats += want.seats
		}
		for _, e := range old {
			if e.pool == index && e.group == 0 && e.version >= version {
				seats -= int(e.count)
			}
		}
		for group, after := range groups {
			before := ps.groups.at(group)
			shared := before.id.share == p.share
			seats += after.seatsFrom(version, shared) - before.seatsFrom(version, shared)
		}
		into = append(into, seats)
	}
	return into
}

// changedGroups returns, by index, the share groups as they would be after such a change. It is nil when the change
// touches none.
func (ps *pools) changedGroups(index uint32, want demand, old []*entry) map[uint32]shareGroup {
	var fewer map[uint32][]demand
	for _, e := range old {
		if e.pool == index && e.group != 0 {
			if fewer == nil {
				fewer = make(map[uint32][]demand)
			}
			fewer[e.group] = append(fewer[e.group], e.demand())
		}
	}
	if want.group == 0 && fewer == nil {
		return nil
	}
	changed := make(map[uint32]shareGroup)
	for group, demands := range fewer {
		changed[group] = ps.groups.at(group).with(nil, demands)
	}
	if want.group != 0 {
		changed[want.group] = ps.groups.at(want.group).with(&want, fewer[want.group])
	}
	return changed
}

// ensure returns the index of the pool with this name, and adds one without seats if there is none.
func (ps *pools) ensure(name string) uint32 {
	if i, ok := ps.byName[name]; ok {
		return i
	}
	i := uint32(len(ps.all))
	ps.all = append(ps.all, &pool{name: name})
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

// group returns the share group that a client belongs to in a pool.
func (ps *pools) group(index uint32, c *Client) shareGroupID {
	share := ps.all[index].share
	return shareGroupID{index, share, c.shareKey(share)}
}

// counts returns how many blocks have started, and how many of them have expired.
func (ps *pools) counts() (started, expired int) {
	for _, p := range ps.all {
		if p.listed {
			started, expired = started+p.started, expired+p.started-p.active
		}
	}
	return started, expired
}

// refresh brings blocks into force that have started by this time, and removes blocks that have expired. It reports
// whether a pool whose licences have all expired still has seats held.
func (ps *pools) refresh(at time.Time) (overdue bool) {
	ps.at = at
	for _, p := range ps.all {
		if p.listed {
			p.refresh(at)
		}
		overdue = overdue || p.expired && p.used > 0
	}
	return overdue
}

// status returns the pools in the list and those that left it with seats held, in the order of their names.
func (ps *pools) status() (all []PoolStatus) {
	for _, p := range ps.all {
		if p.listed || p.used > 0 {
			all = append(all, p.status())
		}
	}
	slices.SortFunc(all, func(a, b PoolStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}
