package server

import (
	"cmp"
	"slices"
)

// groupKey names those who share seats within a scope: a hash, so that neither records nor memory hold who they are.
type groupKey [16]byte

// group is the leases that share seats of one pool. It holds as many as its largest lease takes, at each step by itself:
// two leases of version 1.0 and one of version 2.0 hold one seat, of version 2.0.
//
// That is so while the feature is listed with the scope of the group. Under another one each of its leases counts.
type group struct {
	place  groupPlace
	kinds  []kind // of its leases, the highest version first
	leases int
}

// groupPlace is what a group is found by.
type groupPlace struct {
	pool  uint32
	share Share
	key   groupKey
}

// kind is leases of a group that take the same.
type kind struct {
	level  level
	seats  int
	leases int
}

// maxKinds bounds the work that one lease of a group can cause. A lease of a further kind has seats of its own.
const maxKinds = 64

// groups are all of them, by the index that entries hold.
type groups struct {
	all  []group // the first is none
	free []uint32
	of   map[groupPlace]uint32
}

func newGroups() groups { return groups{all: make([]group, 1), of: make(map[groupPlace]uint32)} }

// join returns the group for a lease that is then counted, a new one if need be. It returns 0 when the lease shares with
// nobody.
func (gs *groups) join(place groupPlace, c claim) uint32 {
	if place.share == ShareNone || place.key == (groupKey{}) {
		return 0
	}
	if index, known := gs.of[place]; known {
		if g := &gs.all[index]; len(g.kinds) < maxKinds || g.has(c) {
			return index
		}
		return 0
	}
	index := uint32(len(gs.all))
	if last := len(gs.free) - 1; last >= 0 {
		index, gs.free = gs.free[last], gs.free[:last]
	} else {
		gs.all = append(gs.all, group{})
	}
	gs.all[index] = group{place: place}
	gs.of[place] = index
	return index
}

// prune lets go of a group without leases.
func (gs *groups) prune(index uint32) {
	if g := &gs.all[index]; index != 0 && g.leases == 0 {
		delete(gs.of, g.place)
		*g = group{}
		gs.free = append(gs.free, index)
	}
}

// at returns where the kind of a lease is among kinds, or belongs.
func (g *group) at(c claim) (i int, found bool) {
	return slices.BinarySearchFunc(g.kinds, c, func(k kind, c claim) int {
		return cmp.Or(cmp.Compare(c.level, k.level), cmp.Compare(c.seats, k.seats))
	})
}

func (g *group) has(c claim) bool {
	_, found := g.at(c)
	return found
}

// change adds a lease to the group, or takes it off.
func (g *group) change(c claim, sign int) {
	i, found := g.at(c)
	if !found {
		g.kinds = slices.Insert(g.kinds, i, kind{level: c.level, seats: c.seats})
	}
	if g.kinds[i].leases += sign; g.kinds[i].leases == 0 {
		g.kinds = slices.Delete(g.kinds, i, i+1)
	}
	g.leases += sign
}

// countGroup adds what a group holds to what is held of the pool, or takes it off.
func (p *pool) countGroup(g *group, sign int) {
	most := 0
	for _, k := range g.kinds {
		switch {
		case g.place.share != p.share:
			p.count(k.level, sign*k.seats*k.leases)
		case k.seats > most:
			p.count(k.level, sign*(k.seats-most))
			most = k.seats
		}
	}
}
