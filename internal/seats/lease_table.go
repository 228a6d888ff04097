package seats

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// leaseTable is the part of the leases that heartbeats touch: which client holds each slot, under which secret, and when
// its last heartbeat came. A lease id starts with the number of its slot, so that a heartbeat costs one array access for
// each lease. The rest of the id is the secret: a slot accepts only its latest id.
//
// Heartbeats call beat from any goroutine. Only the goroutine of the allocator, which alone decides what is held, calls
// the other methods.
type leaseTable struct {
	// chunks is replaced by a longer slice when it grows. A running heartbeat keeps the slice that it loaded.
	chunks atomic.Pointer[[]*chunk]
}

// chunkSlots is the number of slots behind one lock. A heartbeat that names neighbouring slots locks once for all of them.
const chunkSlots = 1024

// chunk is a run of slots with a lock of its own.
type chunk struct {
	mu     sync.Mutex
	oldest time.Duration // lower bound for beaten of the held slots: while oldest is not overdue, no slot of the chunk is
	slots  [chunkSlots]slot
}

// slot returns the slot with this number, which is in the chunk. The caller holds the lock.
func (c *chunk) slot(number uint32) *slot { return &c.slots[number%chunkSlots] }

// beatenAt notes that a held slot of the chunk was beaten at this time.
func (c *chunk) beatenAt(now time.Duration) { c.oldest = min(c.oldest, now) }

// slot is the place of one lease.
type slot struct {
	secret [12]byte      // the random part of the lease id; it stays after the end of the lease, until the slot is reused
	holder uint32        // index of the client that holds the lease, plus 1; 0 when no lease is held
	beaten time.Duration // when the lease was granted or its last heartbeat came, on the server's clock
}

func newLeaseTable() *leaseTable {
	t := &leaseTable{}
	t.chunks.Store(&[]*chunk{})
	return t
}

// leaseID returns the id of a lease in a slot.
func leaseID(number uint32, secret [12]byte) (id messages.LeaseID) {
	binary.BigEndian.PutUint32(id[:4], number)
	copy(id[4:], secret[:])
	return id
}

// slotOf returns the number of the slot that an id names.
func slotOf(id []byte) uint32 { return binary.BigEndian.Uint32(id) }

// beat renews the leases of the client among the packed ids, and returns the offsets in ids of all other leases. It
// allocates nothing when the client holds all leases.
func (t *leaseTable) beat(client uint32, ids []byte, now time.Duration) (missed []int) {
	chunks, holder := *t.chunks.Load(), client+1
	var locked *chunk
	for at := 0; at+len(messages.LeaseID{}) <= len(ids); at += len(messages.LeaseID{}) {
		number := slotOf(ids[at:])
		if number/chunkSlots >= uint32(len(chunks)) {
			missed = append(missed, at)
			continue
		}
		if c := chunks[number/chunkSlots]; c != locked {
			if locked != nil {
				locked.mu.Unlock()
			}
			c.mu.Lock()
			locked = c
		}
		s := locked.slot(number)
		if s.holder != holder || s.secret != [12]byte(ids[at+4:]) {
			missed = append(missed, at)
			continue
		}
		s.beaten = now
	}
	if locked != nil {
		locked.mu.Unlock()
	}
	return missed
}

// grow adds slots up to and including number.
func (t *leaseTable) grow(number uint32) {
	chunks := *t.chunks.Load()
	if number/chunkSlots < uint32(len(chunks)) {
		return
	}
	grown := make([]*chunk, number/chunkSlots+1)
	for i := copy(grown, chunks); i < len(grown); i++ {
		grown[i] = &chunk{}
	}
	t.chunks.Store(&grown)
}

// at returns a slot that grow has added, with its chunk locked. The caller unlocks the chunk.
func (t *leaseTable) at(number uint32) (*slot, *chunk) {
	c := (*t.chunks.Load())[number/chunkSlots]
	c.mu.Lock()
	return c.slot(number), c
}

// hold gives a slot to a client under a new secret.
func (t *leaseTable) hold(number uint32, secret [12]byte, client uint32, now time.Duration) {
	s, c := t.at(number)
	*s = slot{secret: secret, holder: client + 1, beaten: now}
	c.beatenAt(now)
	c.mu.Unlock()
}

// renew renews a held slot, as a heartbeat of its holder does.
func (t *leaseTable) renew(number uint32, now time.Duration) {
	s, c := t.at(number)
	s.beaten = now
	c.mu.Unlock()
}

// release ends the lease in a slot: from now on heartbeats do not find the lease. The secret stays.
func (t *leaseTable) release(number uint32) {
	s, c := t.at(number)
	s.holder = 0
	c.mu.Unlock()
}

// mark gives a secret to a slot that nobody holds.
func (t *leaseTable) mark(number uint32, secret [12]byte) {
	s, c := t.at(number)
	*s = slot{secret: secret}
	c.mu.Unlock()
}

// secret returns the secret of a slot.
func (t *leaseTable) secret(number uint32) [12]byte {
	s, c := t.at(number)
	defer c.mu.Unlock()
	return s.secret
}

// names reports whether the id is the latest id of its slot.
func (t *leaseTable) names(id messages.LeaseID) bool {
	number := slotOf(id[:])
	if number/chunkSlots >= uint32(len(*t.chunks.Load())) {
		return false
	}
	return t.secret(number) == [12]byte(id[4:])
}

// overdue releases up to limit slots whose last heartbeat came before the given time, and returns their numbers. No
// heartbeat can renew a slot between the moment it is found and the moment it is released.
func (t *leaseTable) overdue(before time.Duration, limit int) (numbers []uint32) {
	for i, c := range *t.chunks.Load() {
		if len(numbers) >= limit {
			break
		}
		numbers = c.overdue(uint32(i*chunkSlots), before, limit, numbers)
	}
	return numbers
}

func (c *chunk) overdue(first uint32, before time.Duration, limit int, numbers []uint32) []uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.oldest >= before {
		return numbers
	}
	oldest := before
	for i := range c.slots {
		s := &c.slots[i]
		switch {
		case s.holder == 0:
		case s.beaten >= before:
			oldest = min(oldest, s.beaten)
		case len(numbers) < limit:
			s.holder = 0
			numbers = append(numbers, first+uint32(i))
		default:
			oldest = min(oldest, s.beaten) // left for the next call
		}
	}
	c.oldest = oldest
	return numbers
}
