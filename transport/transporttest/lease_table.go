package transporttest

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// leaseTable holds the leases of a server and its tombstones. A tombstone remembers a lease that has ended, or a
// request that was cancelled before it arrived. Each entry has a slot, which is part of its lease id.
//
// A million leases must fit beside the code under test. So entries have no pointers and stand in one slice, and lists
// of slots, ordered by time, take the place of timers.
type leaseTable struct {
	entries    []leaseEntry          // by slot; slot 0 is never used and means none
	requests   map[requestKey]uint32 // slots
	aging      slotList              // network leases that live, by the time of their last heartbeat
	tombstones slotList              // by the time of their end
	unused     uint32                // the first free slot; each free entry names the next in its field next
}

// requestKey scopes a request id to its client: two clients may draw the same id.
type requestKey struct {
	request messages.RequestID
	client  uint32
}

// leaseState is what the entry of a slot is.
type leaseState uint8

const (
	free         leaseState = iota // the slot is unused
	networkLease                   // a lease that lives and expires without heartbeats
	localLease                     // a lease that lives and never expires
	tombstone                      // a lease that has ended, or a request that must never execute
)

// leaseEntry is a lease from its grant until its tombstone is forgotten. It is a plain value: only the table and its
// lists write the fields.
type leaseEntry struct {
	at         int64    // when the last heartbeat named the lease, or when it ended
	fence      [12]byte // the lease id behind the slot
	request    messages.RequestID
	client     uint32
	pool       uint32
	count      int32
	prev, next uint32 // in the list that the entry is in
	major      uint16 // of the version granted
	minor      uint16
	state      leaseState
	reason     messages.Reason // of the end
	overdraft  bool            // granted beyond the seats
}

func newLeaseTable() leaseTable {
	return leaseTable{entries: make([]leaseEntry, 1), requests: map[requestKey]uint32{}}
}

// find returns the slot of a lease or of its tombstone, 0 when there is neither.
func (t *leaseTable) find(id *messages.LeaseID) uint32 {
	slot := binary.BigEndian.Uint32(id[:4])
	if slot == 0 || int(slot) >= len(t.entries) {
		return 0
	}
	if e := &t.entries[slot]; e.state == free || e.fence != [12]byte(id[4:]) {
		return 0
	}
	return slot
}

// findRequest returns the slot of the lease that a request was granted, or of the tombstone of the request. It returns
// 0 when there is neither.
func (t *leaseTable) findRequest(client uint32, request messages.RequestID) uint32 {
	return t.requests[requestKey{request, client}]
}

// entry returns the entry of a slot, which is valid until the next entry is added. The caller does not change it.
func (t *leaseTable) entry(slot uint32) *leaseEntry { return &t.entries[slot] }

// lives reports whether the entry of a slot is a lease that has not ended.
func (t *leaseTable) lives(slot uint32) bool {
	state := t.entries[slot].state
	return state == networkLease || state == localLease
}

// live returns the slots of all leases that have not ended.
func (t *leaseTable) live() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for slot := range uint32(len(t.entries)) {
			if t.lives(slot) && !yield(slot) {
				return
			}
		}
	}
}

// id returns the lease id of a slot.
func (t *leaseTable) id(slot uint32) (id messages.LeaseID) {
	binary.BigEndian.PutUint32(id[:4], slot)
	copy(id[4:], t.entries[slot].fence[:])
	return id
}

// outcome returns what the request of a slot is answered: the grant while the lease lives, Gone after that.
func (t *leaseTable) outcome(slot uint32) transport.Outcome {
	e := &t.entries[slot]
	if e.state == tombstone {
		return transport.Outcome{Request: e.request, Result: transport.Gone, Reason: e.reason}
	}
	return transport.Outcome{
		Request:   e.request,
		Result:    transport.Granted,
		Lease:     t.id(slot),
		Version:   messages.V(int(e.major), int(e.minor)),
		Local:     e.state == localLease,
		Overdraft: e.overdraft,
	}
}

// seatsOf returns how many seats of a pool the client holds by the requests. A request that is named twice counts once.
func (t *leaseTable) seatsOf(client uint32, requests []messages.RequestID, pool uint32) int {
	seats := 0
	for i, request := range requests {
		slot := t.findRequest(client, request)
		if slot != 0 && t.lives(slot) && t.entries[slot].pool == pool && !slices.Contains(requests[:i], request) {
			seats += int(t.entries[slot].count)
		}
	}
	return seats
}

// anyRevoked reports whether the lease of one of the requests was revoked.
func (t *leaseTable) anyRevoked(client uint32, requests []messages.RequestID) bool {
	return slices.ContainsFunc(requests, func(request messages.RequestID) bool {
		slot := t.findRequest(client, request)
		return slot != 0 && t.entries[slot].state == tombstone && t.entries[slot].reason == messages.Revoked
	})
}

// grant adds a lease under a fresh id and returns its slot.
func (t *leaseTable) grant(e leaseEntry) uint32 {
	slot := t.add(e)
	if e.state == networkLease {
		t.aging.push(t.entries, slot)
	}
	return slot
}

// cancel adds the tombstone of a request that has not arrived.
func (t *leaseTable) cancel(client uint32, request messages.RequestID, reason messages.Reason, now int64) {
	t.tombstones.push(t.entries, t.add(leaseEntry{
		request: request, client: client, state: tombstone, reason: reason, at: now,
	}))
}

func (t *leaseTable) add(e leaseEntry) uint32 {
	slot := t.unused
	if slot != 0 {
		t.unused = t.entries[slot].next
	} else {
		slot = uint32(len(t.entries))
		t.entries = append(t.entries, leaseEntry{})
	}
	binary.BigEndian.PutUint64(e.fence[:8], rand.Uint64())
	binary.BigEndian.PutUint32(e.fence[8:], rand.Uint32())
	t.entries[slot] = e
	t.requests[requestKey{e.request, e.client}] = slot
	return slot
}

// end turns a lease that lives into its tombstone.
func (t *leaseTable) end(slot uint32, reason messages.Reason, at int64) {
	e := &t.entries[slot]
	if e.state == networkLease {
		t.aging.remove(t.entries, slot)
	}
	e.state, e.reason, e.at = tombstone, reason, at
	t.tombstones.push(t.entries, slot)
}

// renew notes a heartbeat that named a network lease.
func (t *leaseTable) renew(slot uint32, now int64) {
	t.entries[slot].at = now
	t.aging.remove(t.entries, slot)
	t.aging.push(t.entries, slot)
}

// renewAll renews every network lease, without changing their order.
func (t *leaseTable) renewAll(now int64) {
	for slot := t.aging.head; slot != 0; slot = t.entries[slot].next {
		t.entries[slot].at = now
	}
}

// oldest returns the network lease whose last heartbeat is longest ago, and the time of that heartbeat; slot 0 means
// that there is none.
func (t *leaseTable) oldest() (slot uint32, at int64) {
	return t.aging.head, t.entries[t.aging.head].at
}

// forget drops the tombstones of what ended at the time or before.
func (t *leaseTable) forget(until int64) {
	for slot := t.tombstones.head; slot != 0 && t.entries[slot].at <= until; slot = t.tombstones.head {
		t.tombstones.remove(t.entries, slot)
		e := &t.entries[slot]
		delete(t.requests, requestKey{e.request, e.client})
		*e = leaseEntry{next: t.unused}
		t.unused = slot
	}
}
