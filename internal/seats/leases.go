package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// leases keeps the leases that are held, and remembers ended leases and cancelled requests as tombstones. It counts the
// seats in the pools, and puts every change into the journal for the ledger. It decides nothing.
type leases struct {
	limit   int                 // of slots
	draw    func(secret []byte) // fills secret with random bytes
	clients *Clients
	pools   *pools

	table      *leaseTable // shared with heartbeats
	entries    [][]entry   // by slot, in blocks of chunkSlots
	used       uint32      // slots below this number were used at some time
	free       []uint32    // the slots below used that are free
	requests   map[requestKey]uint32
	tombstones tombstones
	journal    journal
	held       int // leases
	ends       licenseEnds
}

// entry is what the allocator knows of a slot.
type entry struct {
	request   messages.RequestID
	seq       uint64 // of the record that states the present state
	until     int64  // when the licence ends that granted the lease, in milliseconds since 1970; 0 when it never does
	pool      uint32
	count     uint32
	client    uint32
	group     uint32     // the share group of the lease, 0 for none
	version   versionKey // that was served
	state     entryState
	reason    messages.Reason // of the end
	overdrawn bool            // when it was granted, more seats were held than there are
}

// entryState is the state of a slot. A slot goes from free to held to ended to free. A slot for a request that was
// cancelled before it arrived goes from free to ended to free.
type entryState uint8

const (
	entryFree  entryState = iota
	entryHeld             // a lease is held
	entryEnded            // a lease has ended or a request was cancelled: remembered for two client timeouts
)

func (e *entry) demand() demand { return demand{e.version, int(e.count), e.group} }

// hold makes a reserved entry a held lease.
func (e *entry) hold(pool uint32, d demand, overdrawn bool) {
	e.state, e.pool, e.version, e.count, e.group, e.overdrawn = entryHeld, pool, d.version, uint32(d.seats), d.group, overdrawn
}

// ending notes when the licence ends that granted the lease.
func (e *entry) ending(until int64) { e.until = until }

// outlived reports whether the licence has ended that granted the held lease.
func (e *entry) outlived(at int64) bool { return e.until != 0 && at >= e.until }

// end makes an entry a tombstone. Its seats were given back before.
func (e *entry) end(reason messages.Reason) { e.state, e.reason, e.group = entryEnded, reason, 0 }

// recorded notes the number of the record that states the entry.
func (e *entry) recorded(seq uint64) { e.seq = seq }

// requestKey is a request id in its scope: equal request ids of different clients are different requests.
type requestKey struct {
	client  uint32
	request messages.RequestID
}

func newLeases(cfg Config, clients *Clients, pools *pools) *leases {
	return &leases{
		limit: cfg.Limits.Leases, draw: cfg.Draw, clients: clients, pools: pools,
		table: newLeaseTable(), requests: make(map[requestKey]uint32),
	}
}

// at returns the entry of a slot.
func (ls *leases) at(number uint32) *entry { return &ls.entries[number/chunkSlots][number%chunkSlots] }

// id returns the id of the lease in a slot.
func (ls *leases) id(number uint32) messages.LeaseID { return leaseID(number, ls.table.secret(number)) }

// lookup returns the slot of a client's request.
func (ls *leases) lookup(c *Client, request messages.RequestID) (number uint32, known bool) {
	number, known = ls.requests[requestKey{c.index, request}]
	return number, known
}

// owned returns the slot of a lease, held or ended, that belongs to the client.
func (ls *leases) owned(c *Client, lease messages.LeaseID) (number uint32, ok bool) {
	number = slotOf(lease[:])
	if !ls.table.names(lease) {
		return 0, false
	}
	e := ls.at(number)
	return number, e.state != entryFree && e.client == c.index
}

// isHeld returns the slot of a lease that is held, whoever holds it.
func (ls *leases) isHeld(lease messages.LeaseID) (number uint32, held bool) {
	number = slotOf(lease[:])
	return number, number < ls.used && ls.at(number).state == entryHeld && ls.table.names(lease)
}

// full reports whether n more slots would be too many.
func (ls *leases) full(n int) bool { return int(ls.used)-len(ls.free)+n > ls.limit }

// reserve takes a free slot for a client's request.
func (ls *leases) reserve(c *Client, request messages.RequestID) (uint32, *entry) {
	number := ls.used
	if last := len(ls.free) - 1; last >= 0 {
		number, ls.free = ls.free[last], ls.free[:last]
	} else {
		ls.grow(number)
	}
	return number, ls.assign(number, c, request)
}

// grow adds slots up to and including number.
func (ls *leases) grow(number uint32) {
	for int(number/chunkSlots) >= len(ls.entries) {
		ls.entries = append(ls.entries, make([]entry, chunkSlots))
	}
	ls.table.grow(number)
	ls.used = max(ls.used, number+1)
}

// assign gives a free slot to a client's request.
func (ls *leases) assign(number uint32, c *Client, request messages.RequestID) *entry {
	e := ls.at(number)
	*e = entry{request: request, client: c.index}
	ls.requests[requestKey{c.index, request}] = number
	c.addEntries(+1)
	return e
}

// secret draws the random part of a lease id. Its 96 bits make it different from all earlier secrets of the same slot.
func (ls *leases) secret() (secret [12]byte) {
	ls.draw(secret[:])
	return secret
}

// grant makes the lease that a decision grants, and returns its slot. Call recordGrant after the replaced leases have
// ended.
func (ls *leases) grant(d *decision, now time.Duration) (number uint32) {
	number, e := ls.reserve(d.client, d.take.Request)
	ls.table.hold(number, ls.secret(), d.client.index, now)
	d.carriedOut(ls.id(number), ls.pools.groups.join(d.group, d.want))
	e.hold(d.index, d.want, d.Overdrawn)
	e.ending(d.until)
	ls.ends.granted(d.until)
	ls.count(d.client, e, +1)
	return number
}

// recordGrant records a lease that grant has made.
func (ls *leases) recordGrant(number uint32, d *decision) {
	ls.at(number).recorded(ls.journal.add(d.record(), 0))
}

// count adds a lease to the leases and seats that are held, or removes it.
func (ls *leases) count(c *Client, e *entry, sign int) {
	ls.pools.count(e.pool, e.demand(), sign)
	ls.pools.all[e.pool].usage.add(c, sign*int(e.count))
	c.addLeases(sign)
	ls.held += sign
}

// end ends a held lease: it gives the seats back, while others of its share group keep theirs, and leaves a tombstone.
func (ls *leases) end(number uint32, reason messages.Reason, now time.Duration) {
	e := ls.at(number)
	c := ls.clients.get(e.client)
	ls.table.release(number)
	ls.giveBack(c, e)
	ls.entomb(number, c, reason, now)
}

// giveBack subtracts the seats of a held lease from the seats held.
func (ls *leases) giveBack(c *Client, e *entry) {
	ls.count(c, e, -1)
	ls.pools.groups.prune(e.group)
}

// entomb makes an entry a tombstone: a repeat of its request, or a heartbeat with its lease, is answered with the
// reason.
func (ls *leases) entomb(number uint32, c *Client, reason messages.Reason, now time.Duration) {
	e := ls.at(number)
	e.end(reason)
	e.recorded(ls.journal.add(ledger.Record{
		Kind: ledger.RecordEnd, Holder: c.holder, Request: e.request, Lease: ls.id(number), Reason: reason,
	}, e.seq))
	ls.tombstones.add(number, now)
}

// cancelUnknown leaves a tombstone for a request that has not arrived, so that it is not executed when it does.
func (ls *leases) cancelUnknown(c *Client, request messages.RequestID, reason messages.Reason, now time.Duration) {
	number, _ := ls.reserve(c, request)
	ls.table.mark(number, ls.secret())
	ls.entomb(number, c, reason, now)
}

// forget frees the slot of the oldest tombstone, if it ended by the given time, and reports whether it did.
func (ls *leases) forget(by time.Duration) bool {
	number, due := ls.tombstones.next(by)
	if due {
		ls.evict(number)
		ls.free = append(ls.free, number)
	}
	return due
}

// evict empties a slot and drops its record.
func (ls *leases) evict(number uint32) {
	e := ls.at(number)
	if e.state == entryFree {
		return
	}
	delete(ls.requests, requestKey{e.client, e.request})
	ls.clients.released(ls.clients.get(e.client))
	ls.table.mark(number, [12]byte{})
	ls.journal.drop(e.seq)
	*e = entry{}
}

// replayGrant and replayEnd restore a slot from a record of the ledger. Heartbeats count from the start of the
// clock.
func (ls *leases) replayGrant(number uint32, c *Client, r ledger.Record) {
	ls.table.hold(number, [12]byte(r.Lease[4:]), c.index, 0)
	d := demand{version: versionKeyAt(r.Major, r.Minor), seats: int(r.Count)}
	pool := ls.pools.ensure(r.Feature)
	d.group = ls.pools.groups.join(shareGroupID{pool, r.Share, r.Group}, d)
	e := ls.assign(number, c, r.Request)
	e.hold(pool, d, r.Overdrawn)
	e.ending(r.Until)
	ls.ends.granted(r.Until)
	e.recorded(r.Seq)
	ls.count(c, e, +1)
}

func (ls *leases) replayEnd(number uint32, c *Client, r ledger.Record) {
	ls.table.mark(number, [12]byte(r.Lease[4:]))
	e := ls.assign(number, c, r.Request)
	e.end(r.Reason)
	e.recorded(r.Seq)
}

// rebuildFree collects free slots and unexpired tombstones after a replay.
func (ls *leases) rebuildFree() {
	ls.tombstones = tombstones{}
	for number := range ls.used {
		switch ls.at(number).state {
		case entryFree:
			ls.free = append(ls.free, number)
		case entryEnded:
			ls.tombstones.add(number, 0)
		}
	}
}

// holders returns a page of the leases that are held.
func (ls *leases) holders(query HoldersQuery) (page HoldersPage) {
	for number := query.After; number < ls.used; number++ {
		if number-query.After == scanHolders || len(page.Leases) == MaxHolders {
			page.Next = number
			return page
		}
		e := ls.at(number)
		if e.state != entryHeld {
			continue
		}
		if name := ls.pools.all[e.pool].name; query.Feature == "" || query.Feature == name {
			page.Leases = append(page.Leases, ls.lease(number, e, name))
		}
	}
	return page
}

func (ls *leases) lease(number uint32, e *entry, feature string) Lease {
	c := ls.clients.get(e.client)
	l := Lease{ID: ls.id(number), Feature: feature, Version: e.version.version(), Count: int(e.count), Holder: c.holder}
	if info := c.info.Load(); info != nil {
		l.User, l.Host = info.User, info.Host
	}
	return l
}
