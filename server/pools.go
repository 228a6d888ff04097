package server

import "time"

// pools are all features, by name and by the index that entries hold, and the groups that share seats of them.
type pools struct {
	all    []*pool
	byName map[string]uint32
	groups groups
	wall   time.Time // as of the last tick
}

// claim is what one lease takes of a pool: seats of its own, or with the others of a group.
type claim struct {
	level level
	seats int
	group uint32 // of groups, 0 for none
}

func newPools() pools { return pools{byName: make(map[string]uint32), groups: newGroups()} }

// set makes features the list. Leases are not touched: a pool with more seats taken than it now has grants again once
// enough of them came back, one that left the list grants nothing.
func (ps *pools) set(features []Feature) {
	for _, p := range ps.all {
		p.listed, p.expired = false, false
	}
	blocks := make(map[string][]Feature, len(features))
	for _, f := range features {
		blocks[f.Name] = append(blocks[f.Name], f)
	}
	for name, blocks := range blocks {
		index := ps.named(name)
		ps.regroup(index, blocks[0].Share)
		ps.all[index].list(blocks, ps.wall)
	}
}

// regroup changes the scope of a pool: groups of another scope share nothing any more, each of their leases counts.
func (ps *pools) regroup(index uint32, share Share) {
	p := ps.all[index]
	if p.share == share {
		return
	}
	ps.recount(index, -1)
	p.share = share // so that from now on they are counted so
	ps.recount(index, +1)
}

func (ps *pools) recount(index uint32, sign int) {
	for i := range ps.groups.all {
		if g := &ps.groups.all[i]; g.leases > 0 && g.place.pool == index {
			ps.all[index].countGroup(g, sign)
		}
	}
}

// count adds the claim of a lease to what is held of a pool, or takes it off.
func (ps *pools) count(index uint32, c claim, sign int) {
	p := ps.all[index]
	if c.group == 0 {
		p.count(c.level, sign*c.seats)
		return
	}
	g := &ps.groups.all[c.group]
	p.countGroup(g, -1)
	g.change(c, sign)
	p.countGroup(g, +1)
}

// named returns the index of the pool with this name, a new one without seats if there is none.
func (ps *pools) named(name string) uint32 {
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

// turned returns how many blocks have begun, and how many of them have run out.
func (ps *pools) turned() (begun, over int) {
	for _, p := range ps.all {
		if p.listed {
			begun, over = begun+p.begun, over+p.begun-p.alive
		}
	}
	return begun, over
}

// age notes which licences have begun and run out by this time, and reports whether any pool without one that runs still has seats
// taken.
func (ps *pools) age(wall time.Time) (overdue bool) {
	ps.wall = wall
	for _, p := range ps.all {
		if p.listed {
			p.age(wall)
		}
		overdue = overdue || p.expired && p.used > 0
	}
	return overdue
}
