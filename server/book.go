package server

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// book is the machine that decides: which seats are taken, by which lease, and which requests are known. It knows no
// network, goroutine or clock; time comes in with each call and what is to be kept goes out in batch.
//
// It is not safe for concurrent use: the committer owns it.
type book struct {
	limits  Limits
	retry   time.Duration       // told with refusals that a later try can cure
	timeout time.Duration       // the client timeout
	draw    func(secret []byte) // fills in random bytes

	clients *clients // shared with the goroutines of calls
	table   *table   // shared with heartbeats

	entries  [][]entry // by slot number, in blocks of chunkSlots
	used     uint32    // slots below this number were used at some time
	free     []uint32  // those of them that are free
	requests map[requestKey]uint32
	pools    pools
	lines    lines
	tombs    tombs
	held     int   // leases
	nameless tally // of takes for what no licence has had

	audited bool   // deeds are wanted
	deeds   []deed // of this round

	seq   uint64 // number of the last record
	batch Batch  // decided and not yet in the ledger
}

// entry is what the committer knows of a slot.
type entry struct {
	request   messages.RequestID
	seq       uint64 // of the record that tells of its present state
	pool      uint32
	count     uint32
	client    uint32
	group     uint32 // with which it shares seats, 0 for none
	level     level  // the version that was served
	state     entryState
	reason    messages.Reason // of the end
	overdrawn bool            // granted while more seats were held than there are
}

func (e *entry) claim() claim { return claim{e.level, int(e.count), e.group} }

// entryState is the state of a slot. It goes round: free, held, ended, free; or free, ended, free for a request that
// was cancelled before it arrived.
type entryState uint8

const (
	entryFree  entryState = iota
	entryHeld             // a lease lives here
	entryEnded            // a lease lived here, or a request was cancelled: remembered for two client timeouts
)

// requestKey is a request id in its scope.
type requestKey struct {
	client  uint32
	request messages.RequestID
}

func newBook(cfg Config, cs *clients, draw func([]byte)) *book {
	b := &book{
		limits: cfg.Limits, retry: cfg.RetryAfter, timeout: cfg.ClientTimeout, draw: draw,
		clients: cs, table: newTable(),
		requests: make(map[requestKey]uint32),
		pools:    newPools(),
		audited:  cfg.Audit != nil,
		lines:    lines{places: make(map[requestKey]*place)},
	}
	b.pools.set(cfg.Features)
	return b
}

// at returns the entry of a slot.
func (b *book) at(number uint32) *entry { return &b.entries[number/chunkSlots][number%chunkSlots] }

// lookup returns the slot of a client's request.
func (b *book) lookup(c *client, request messages.RequestID) (number uint32, known bool) {
	number, known = b.requests[requestKey{c.index, request}]
	return number, known
}

// owned returns the slot of a lease, held or ended, that belongs to the client.
func (b *book) owned(c *client, lease messages.LeaseID) (number uint32, ok bool) {
	number = slotOf(lease[:])
	if !b.table.names(lease) {
		return 0, false
	}
	e := b.at(number)
	return number, e.state != entryFree && e.client == c.index
}

// spend counts what a client asks for, and refuses when it asks too often.
func (b *book) spend(c *client, n int, now time.Duration) error {
	if wait := c.allowance.spend(n, now, b.limits); wait > 0 {
		return &refusal{reason: messages.RateLimited, message: "too many seats taken and returned", retryAfter: wait}
	}
	return nil
}

// full reports whether n more slots would be too many.
func (b *book) full(n int) bool { return int(b.used)-len(b.free)+n > b.limits.Leases }

// occupy takes a free slot for a client's request.
func (b *book) occupy(c *client, request messages.RequestID) (uint32, *entry) {
	number := b.used
	if last := len(b.free) - 1; last >= 0 {
		number, b.free = b.free[last], b.free[:last]
	} else {
		b.grow(number)
	}
	return number, b.place(number, c, request)
}

// grow makes entries and slots up to and including number.
func (b *book) grow(number uint32) {
	for int(number/chunkSlots) >= len(b.entries) {
		b.entries = append(b.entries, make([]entry, chunkSlots))
	}
	b.table.grow(number)
	b.used = max(b.used, number+1)
}

// place gives a free slot to a client's request.
func (b *book) place(number uint32, c *client, request messages.RequestID) *entry {
	e := b.at(number)
	*e = entry{request: request, client: c.index}
	b.requests[requestKey{c.index, request}] = number
	c.entries++
	return e
}

// secret draws the random part of a lease id. Its 96 bits make it one that was never used in this slot.
func (b *book) secret() (secret [12]byte) {
	b.draw(secret[:])
	return secret
}

// record notes what is to be appended to the ledger, and drops the record that it makes void, if any.
func (b *book) record(r Record, void uint64) uint64 {
	b.seq++
	r.Seq = b.seq
	b.batch.Records = append(b.batch.Records, r)
	if void != 0 {
		b.batch.Drop = append(b.batch.Drop, void)
	}
	return r.Seq
}

// kept empties the batch once the ledger has it.
func (b *book) kept() {
	clear(b.batch.Records) // lets go of the strings
	b.batch.Records, b.batch.Drop = b.batch.Records[:0], b.batch.Drop[:0]
}

// undecided reports whether there is nothing for the ledger.
func (b *book) undecided() bool { return len(b.batch.Records) == 0 && len(b.batch.Drop) == 0 }
