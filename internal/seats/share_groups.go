package seats

import (
	"cmp"
	"iter"
	"slices"

	"github.com/seatbeat/seatbeat/server/license"
)

// shareGroupID identifies a share group.
type shareGroupID struct {
	pool  uint32
	share license.Share
	key   shareKey
}

// shareGroup is the leases that share seats of one pool. The group holds as many seats as its largest lease takes, at each
// tier by itself: two leases of version 1.0 and one of version 2.0 hold one seat, of version 2.0.
//
// The group shares only while the feature is listed with the share scope of the group. Otherwise each lease counts.
type shareGroup struct {
	id     shareGroupID
	sizes  []leaseSize // the highest version first, and of one version the most seats first
	leases int
}

// leaseSize is the leases of a group that have the same version and number of seats.
type leaseSize struct {
	version versionKey
	seats   int
	leases  int
}

// maxSizes bounds the work that one lease of a group can cause. A lease of a further size does not share.
const maxSizes = 64

// at returns the position of a demand's size in sizes and whether it is there; if not, the position to insert it.
func (g *shareGroup) at(d demand) (i int, found bool) {
	return slices.BinarySearchFunc(g.sizes, d, func(s leaseSize, d demand) int {
		return cmp.Or(cmp.Compare(d.version, s.version), cmp.Compare(d.seats, s.seats))
	})
}

// accepts reports whether a lease of this demand may share.
func (g *shareGroup) accepts(d demand) bool {
	if len(g.sizes) < maxSizes {
		return true
	}
	_, found := g.at(d)
	return found
}

// change adds a lease to the group, or removes it.
func (g *shareGroup) change(d demand, sign int) {
	i, found := g.at(d)
	if !found {
		g.sizes = slices.Insert(g.sizes, i, leaseSize{version: d.version, seats: d.seats})
	}
	if g.sizes[i].leases += sign; g.sizes[i].leases == 0 {
		g.sizes = slices.Delete(g.sizes, i, i+1)
	}
	g.leases += sign
}

// with returns a copy of the group after a change: one more lease, if add is not nil, and without the leases in fewer.
func (g *shareGroup) with(add *demand, fewer []demand) shareGroup {
	changed := shareGroup{id: g.id, sizes: slices.Clone(g.sizes), leases: g.leases}
	if add != nil {
		changed.change(*add, +1)
	}
	for _, d := range fewer {
		changed.change(d, -1)
	}
	return changed
}

// seatsFrom returns how many seats of a version and of higher versions the group holds. shared reports whether the pool
// has the share scope of the group.
func (g *shareGroup) seatsFrom(version versionKey, shared bool) (seats int) {
	for _, s := range g.sizes {
		switch {
		case s.version < version:
			return seats
		case shared:
			seats = max(seats, s.seats)
		default:
			seats += s.seats * s.leases
		}
	}
	return seats
}

// shareGroups are all share groups, by the index that entries hold. Index 0 is no group.
type shareGroups struct {
	all  []shareGroup
	free []uint32
	of   map[shareGroupID]uint32
}

func newShareGroups() shareGroups {
	return shareGroups{all: make([]shareGroup, 1), of: make(map[shareGroupID]uint32)}
}

// at returns the group with an index.
func (gs *shareGroups) at(index uint32) *shareGroup { return &gs.all[index] }

// ofPool yields the groups of a pool.
func (gs *shareGroups) ofPool(pool uint32) iter.Seq[*shareGroup] {
	return func(yield func(*shareGroup) bool) {
		for i := range gs.all {
			if g := &gs.all[i]; g.leases > 0 && g.id.pool == pool && !yield(g) {
				return
			}
		}
	}
}

// find returns the group with which a lease of this demand would share seats. It returns 0 when the lease shares with
// nobody, and when the lease would be the first of its group.
func (gs *shareGroups) find(id shareGroupID, d demand) uint32 {
	if index, known := gs.of[id]; known && gs.all[index].accepts(d) {
		return index
	}
	return 0
}

// join returns the group of a lease that is counted next, a new group if there is none. It returns 0 when the lease shares
// with nobody.
func (gs *shareGroups) join(id shareGroupID, d demand) uint32 {
	if id.share == license.ShareNone || id.key == (shareKey{}) {
		return 0
	}
	if _, known := gs.of[id]; known {
		return gs.find(id, d)
	}
	index := uint32(len(gs.all))
	if last := len(gs.free) - 1; last >= 0 {
		index, gs.free = gs.free[last], gs.free[:last]
	} else {
		gs.all = append(gs.all, shareGroup{})
	}
	gs.all[index] = shareGroup{id: id}
	gs.of[id] = index
	return index
}

// holds reports whether a group holds leases.
func (gs *shareGroups) holds(id shareGroupID) bool {
	_, known := gs.of[id]
	return known
}

// prune removes a group without leases.
func (gs *shareGroups) prune(index uint32) {
	if g := &gs.all[index]; index != 0 && g.leases == 0 {
		delete(gs.of, g.id)
		*g = shareGroup{}
		gs.free = append(gs.free, index)
	}
}
