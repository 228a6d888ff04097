package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// leaseTable is the connection's truth of what its features hold at the server, and for which features it is the origin.
// A record keeps its slot while it lives; freed slots are used again, so that the columns stay dense.
//
// Columns instead of a struct per lease: a beat packs one column of ids and touches nothing else, and a held feature
// costs 56 bytes here, plus its place in the index.
type leaseTable struct {
	index   map[uint64]int32     // claim ID to slot
	owner   []*protocol.Member   // nil: the slot is free
	lease   []messages.LeaseID   // zero: no lease is left
	request []messages.RequestID // the latest request granted here; what a re-checkout replaces
	renewed []*protocol.Instant  // when the beat, or the take, that was last acknowledged was sent; shared; nil: never, see also tooOld
	number  []uint32             // of the take that the lease is from
	local   map[int32]bool       // slots of local licences: held, but without a lease to beat
	free    []int32
	leases  int // records with a lease
}

func newLeaseTable() leaseTable {
	return leaseTable{index: make(map[uint64]int32), local: make(map[int32]bool)}
}

// slot returns the slot of a feature.
func (t *leaseTable) slot(f *protocol.Member) (int32, bool) {
	s, ok := t.index[f.ID()]
	return s, ok
}

// add makes a record without a lease for the feature, or returns the one it has.
func (t *leaseTable) add(f *protocol.Member) int32 {
	if s, ok := t.slot(f); ok {
		return s
	}
	var s int32
	if n := len(t.free); n > 0 {
		s, t.free = t.free[n-1], t.free[:n-1]
	} else {
		s = int32(len(t.owner))
		t.owner = append(t.owner, nil)
		t.lease = append(t.lease, messages.LeaseID{})
		t.request = append(t.request, messages.RequestID{})
		t.renewed = append(t.renewed, nil)
		t.number = append(t.number, 0)
	}
	t.owner[s] = f
	t.index[f.ID()] = s
	return s
}

// grant notes what the take of this number brought.
func (t *leaseTable) grant(s int32, number uint32, request messages.RequestID, lease messages.LeaseID, at *protocol.Instant) {
	if t.lease[s] == (messages.LeaseID{}) {
		t.leases++
	}
	t.lease[s], t.request[s], t.number[s], t.renewed[s] = lease, request, number, at
}

// grantLocal notes a local licence: nothing to beat.
func (t *leaseTable) grantLocal(s int32, number uint32, request messages.RequestID) {
	t.drop(s)
	t.request[s], t.number[s], t.local[s] = request, number, true
}

// drop forgets the lease of a record and keeps the rest: its request is what the next take replaces.
func (t *leaseTable) drop(s int32) {
	if t.lease[s] != (messages.LeaseID{}) {
		t.leases--
	}
	t.lease[s] = messages.LeaseID{}
}

// copySlot takes over a record of another table.
func (t *leaseTable) copySlot(s int32, old *leaseTable, from int32) {
	if old.hasLease(from) {
		t.leases++
	}
	t.lease[s], t.request[s], t.number[s], t.renewed[s] = old.lease[from], old.request[from], old.number[from], old.renewed[from]
	if old.local[from] {
		t.local[s] = true
	}
}

// remove frees the slot.
func (t *leaseTable) remove(s int32) {
	t.drop(s)
	delete(t.index, t.owner[s].ID())
	delete(t.local, s)
	t.owner[s], t.request[s], t.renewed[s], t.number[s] = nil, messages.RequestID{}, nil, 0
	t.free = append(t.free, s)
	if len(t.index) == 0 {
		*t = newLeaseTable() // gives the memory of a flood back
	}
}

// lacks reports whether a claim is here, without a lease.
func (t *leaseTable) lacks(claim uint64) bool {
	s, ok := t.index[claim]
	return ok && !t.hasLease(s) && !t.local[s]
}

// beaten returns how many features are kept alive, or kept trying, by beats: all but the local ones.
func (t *leaseTable) beaten() int { return len(t.index) - len(t.local) }

// pack returns all leases, and the slot of each.
func (t *leaseTable) pack() ([]messages.LeaseID, []int32) {
	leases := make([]messages.LeaseID, 0, t.leases)
	slots := make([]int32, 0, t.leases)
	for s, id := range t.lease {
		if id != (messages.LeaseID{}) {
			leases = append(leases, id)
			slots = append(slots, int32(s))
		}
	}
	return leases, slots
}

// select returns the features, local ones left out, for which want says yes.
func (t *leaseTable) choose(want func(slot int32) bool) []*protocol.Member {
	chosen := make([]*protocol.Member, 0, len(t.index))
	for s, f := range t.owner {
		if f != nil && !t.local[int32(s)] && want(int32(s)) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}

// holds reports whether a slot, noted earlier, still has this lease; the table may have been emptied since.
func (t *leaseTable) holds(s int32, id messages.LeaseID) bool {
	return int(s) < len(t.lease) && t.lease[s] == id
}

// tooOld, as the age of a record, says that its feature was told so. It stays with the feature when that follows to
// another server, and while it may have missed the word.
var tooOld = new(protocol.Instant)

func (t *leaseTable) timedOut(s int32) bool { return t.renewed[s] == tooOld }

func (t *leaseTable) hasLease(s int32) bool { return t.lease[s] != (messages.LeaseID{}) }

// oldest returns when the record was renewed that was renewed longest ago, and false when there is none.
func (t *leaseTable) oldest(now protocol.Instant) (protocol.Instant, bool) {
	return t.oldestOf(now, func(int32) bool { return true })
}

// oldestLease leaves out the records whose lease is gone.
func (t *leaseTable) oldestLease(now protocol.Instant) (protocol.Instant, bool) {
	return t.oldestOf(now, t.hasLease)
}

func (t *leaseTable) oldestOf(now protocol.Instant, want func(slot int32) bool) (protocol.Instant, bool) {
	var oldest protocol.Instant
	found := false
	for s, at := range t.renewed {
		if at == nil || at == tooOld || t.owner[s] == nil || t.local[int32(s)] || !want(int32(s)) {
			continue
		}
		if !found || now.Since(*at) > now.Since(oldest) {
			oldest, found = *at, true
		}
	}
	return oldest, found
}
