package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// leaseTable is the connection's record of what its features hold at the server, and of the features whose origin the
// server is. A record keeps its slot as long as it exists; freed slots are used again, so that the columns stay dense.
//
// There are columns instead of a struct for each lease: a heartbeat packs one column of ids and touches nothing else,
// and a held feature costs 56 bytes here, plus its place in the index. Records renewed by one heartbeat share the
// pointer in renewed.
type leaseTable struct {
	index   map[uint64]int32     // claim ID to slot
	owner   []*protocol.Member   // nil: the slot is free
	lease   []messages.LeaseID   // zero: no lease is left
	request []messages.RequestID // the latest request granted here; a re-checkout replaces it
	renewed []*protocol.Instant  // when the last acknowledged heartbeat or take was sent; nil: never; see timedOutMark
	number  []uint32             // of the take that brought the lease
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

// leaseOf returns the slot of a feature, and whether the slot has a lease.
func (t *leaseTable) leaseOf(f *protocol.Member) (int32, bool) {
	s, ok := t.slot(f)
	return s, ok && t.hasLease(s)
}

// holding returns the number of the take that brought what the feature holds, 0 if it holds nothing, and whether that is
// a local licence.
func (t *leaseTable) holding(f *protocol.Member) (number uint32, local bool) {
	s, ok := t.slot(f)
	if !ok || !t.local[s] && !t.hasLease(s) {
		return 0, false
	}
	return t.number[s], t.local[s]
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

// grantLocal notes a local licence: there is nothing to beat.
func (t *leaseTable) grantLocal(s int32, number uint32, request messages.RequestID) {
	t.drop(s)
	t.request[s], t.number[s], t.local[s] = request, number, true
}

// renumber notes that the feature asked again for the lease that it has.
func (t *leaseTable) renumber(s int32, number uint32) { t.number[s] = number }

// drop forgets the lease of a record and keeps the rest: the next take replaces its request.
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

// takeOver makes a record without a lease for a feature that comes from another server, with the age of its lease there.
func (t *leaseTable) takeOver(f *protocol.Member, renewed *protocol.Instant) {
	s := t.add(f)
	t.renewed[s] = renewed
}

// remove frees the slot.
func (t *leaseTable) remove(s int32) {
	t.drop(s)
	delete(t.index, t.owner[s].ID())
	delete(t.local, s)
	t.owner[s], t.request[s], t.renewed[s], t.number[s] = nil, messages.RequestID{}, nil, 0
	t.free = append(t.free, s)
	if len(t.index) == 0 {
		*t = newLeaseTable() // frees the memory after a burst of checkouts
	}
}

// lacks reports whether a claim has a record, but neither a lease nor a local licence.
func (t *leaseTable) lacks(claim uint64) bool {
	s, ok := t.index[claim]
	return ok && !t.hasLease(s) && !t.local[s]
}

// beaten returns how many features need heartbeats: all without a local licence.
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

// choose returns the features, local ones left out, for which want is true.
func (t *leaseTable) choose(want func(slot int32) bool) []*protocol.Member {
	chosen := make([]*protocol.Member, 0, len(t.index))
	for s, f := range t.owner {
		if f != nil && !t.local[int32(s)] && want(int32(s)) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}

// all returns the features, local ones left out.
func (t *leaseTable) all() []*protocol.Member { return t.choose(func(int32) bool { return true }) }

// holds reports whether a slot, noted earlier, still has this lease; the table may have been emptied since.
func (t *leaseTable) holds(s int32, id messages.LeaseID) bool {
	return int(s) < len(t.lease) && t.lease[s] == id
}

func (t *leaseTable) hasLease(s int32) bool { return t.lease[s] != (messages.LeaseID{}) }

// renew notes that the server acknowledged a chunk of a heartbeat: the leases in it are as old as the heartbeat. Leases
// that ended keep the age that they had (rule 16).
func (t *leaseTable) renew(b *beatInFlight, chunk ChunkAnswer) {
	gone := make(map[messages.LeaseID]bool, len(chunk.Reply.Ended))
	for _, ended := range chunk.Reply.Ended {
		gone[ended.Lease] = true
	}
	for i := chunk.From; i < chunk.From+chunk.Count; i++ {
		if s := b.slots[i]; t.holds(s, b.leases[i]) && !gone[b.leases[i]] {
			t.renewed[s] = b.sent
		}
	}
}

// end drops the leases that the server no longer has, in the order in which it named them, and reports each. An id that
// was not in the chunk is nonsense and ignored.
func (t *leaseTable) end(b *beatInFlight, chunk ChunkAnswer, report func(*protocol.Member, messages.Reason)) {
	next := chunk.From // servers list ended leases in the order named, so that the search is short
	for _, ended := range chunk.Reply.Ended {
		i, ok := find(b.leases[chunk.From:chunk.From+chunk.Count], ended.Lease, next-chunk.From)
		if !ok {
			continue
		}
		i += chunk.From
		next = i + 1
		if s := b.slots[i]; t.holds(s, ended.Lease) {
			t.drop(s)
			report(t.owner[s], ended.Reason)
		}
	}
}

// find returns the position of id in list, which is searched from the position start on and then from the beginning.
func find(list []messages.LeaseID, id messages.LeaseID, start int) (int, bool) {
	for n := range list {
		if i := (start + n) % len(list); list[i] == id {
			return i, true
		}
	}
	return 0, false
}

// afterBeat returns the features whose lease lives after a good heartbeat, and those that have none.
func (t *leaseTable) afterBeat(b *beatInFlight) (resumed, without []*protocol.Member) {
	resumed = make([]*protocol.Member, 0, len(b.slots))
	for i, s := range b.slots {
		if t.holds(s, b.leases[i]) {
			resumed = append(resumed, t.owner[s])
		}
	}
	if t.leases < t.beaten() { // usually every feature has a lease; so choose, which allocates for all, is skipped
		without = t.choose(func(s int32) bool { return !t.hasLease(s) })
	}
	return resumed, without
}

// dropAll drops every lease, because the server's ledger went back, and returns the features that had one. A dropped
// lease is never named to the server again. Its request still is: in Replaces and in returns.
func (t *leaseTable) dropAll() []*protocol.Member {
	gone := t.choose(t.hasLease)
	for _, f := range gone {
		if s, ok := t.slot(f); ok {
			t.drop(s)
		}
	}
	return gone
}

// timedOutMark replaces a lease's age once its feature was told that the lease timed out, so that the feature is told only
// once. It survives a move to another server and a restart of the connection's actor.
var timedOutMark = new(protocol.Instant)

func (t *leaseTable) timedOut(s int32) bool { return t.renewed[s] == timedOutMark }

// withoutLease returns the features whose lease timed out, and all others that have none.
func (t *leaseTable) withoutLease() (timedOut, others []*protocol.Member) {
	for s, f := range t.owner {
		switch slot := int32(s); {
		case f == nil:
		case t.timedOut(slot):
			timedOut = append(timedOut, f)
		case !t.hasLease(slot) && !t.local[slot]:
			others = append(others, f)
		}
	}
	return timedOut, others
}

// markTimedOut drops the lease of a record for good.
func (t *leaseTable) markTimedOut(s int32) {
	t.renewed[s] = timedOutMark
	t.drop(s)
}

// olderThan returns the features whose lease was last renewed at least age ago, also if that lease has ended since. It
// leaves out those that are marked as timed out.
func (t *leaseTable) olderThan(now protocol.Instant, age time.Duration) []*protocol.Member {
	return t.choose(func(s int32) bool {
		at := t.renewed[s]
		return at != nil && at != timedOutMark && now.Since(*at) >= age
	})
}

// oldest returns the earliest renewal of all records, and false when there is none.
func (t *leaseTable) oldest(now protocol.Instant) (protocol.Instant, bool) {
	return t.oldestOf(now, func(int32) bool { return true })
}

// oldestLease does the same for the records that still have a lease.
func (t *leaseTable) oldestLease(now protocol.Instant) (protocol.Instant, bool) {
	return t.oldestOf(now, t.hasLease)
}

func (t *leaseTable) oldestOf(now protocol.Instant, want func(slot int32) bool) (protocol.Instant, bool) {
	var oldest protocol.Instant
	found := false
	for s, at := range t.renewed {
		if at == nil || at == timedOutMark || t.owner[s] == nil || t.local[int32(s)] || !want(int32(s)) {
			continue
		}
		if !found || now.Since(*at) > now.Since(oldest) {
			oldest, found = *at, true
		}
	}
	return oldest, found
}
