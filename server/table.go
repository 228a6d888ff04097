package server

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// table is the part of the leases that heartbeats touch: where each lease is, whose it is and when it was last beaten.
// A lease id starts with the number of its slot, so that a beat costs an array access for each lease; the rest of the
// id is random, and a slot answers only to the id it was last given.
//
// Heartbeats call beat from any goroutine. Everything else is called by the committer only, which alone decides what is
// held; see book.
type table struct {
	// chunks grows by being replaced: a beat works on the slice that it found.
	chunks atomic.Pointer[[]*chunk]
}

// chunkSlots is the number of slots behind one lock. A beat that names neighbours locks once for all of them.
const chunkSlots = 1024

// chunk is a run of slots with a lock of its own.
type chunk struct {
	mu     sync.Mutex
	oldest time.Duration // no held slot was beaten before this: until it is overdue there is nothing to look for here
	slots  [chunkSlots]slot
}

// slot is the place of one lease.
type slot struct {
	secret [12]byte      // the random part of the id; kept when the lease ends, as long as the slot is not used again
	holder uint32        // index of the client that holds the lease, plus 1; 0 when no lease is held here
	beaten time.Duration // when it was granted or last beaten, on the server's clock
}

func newTable() *table {
	t := &table{}
	t.chunks.Store(&[]*chunk{})
	return t
}

// leaseID puts an id together.
func leaseID(number uint32, secret [12]byte) (id messages.LeaseID) {
	binary.BigEndian.PutUint32(id[:4], number)
	copy(id[4:], secret[:])
	return id
}

// slotOf returns the number of the slot that an id names.
func slotOf(id []byte) uint32 { return binary.BigEndian.Uint32(id) }

// beat stamps those of the packed ids that the client holds, and returns where in ids the others start.
// It allocates nothing while all are held.
func (t *table) beat(client uint32, ids []byte, now time.Duration) (missed []int) {
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
		s := &locked.slots[number%chunkSlots]
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

// grow makes slots up to and including number.
func (t *table) grow(number uint32) {
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

// at returns the slot of a number that grow made, with its chunk locked; the caller unlocks it.
func (t *table) at(number uint32) (*slot, *chunk) {
	c := (*t.chunks.Load())[number/chunkSlots]
	c.mu.Lock()
	return &c.slots[number%chunkSlots], c
}

// hold gives a slot to a client under a new secret.
func (t *table) hold(number uint32, secret [12]byte, client uint32, now time.Duration) {
	s, c := t.at(number)
	*s = slot{secret: secret, holder: client + 1, beaten: now}
	c.oldest = min(c.oldest, now)
	c.mu.Unlock()
}

// renew stamps a held slot, as a beat of its holder does.
func (t *table) renew(number uint32, now time.Duration) {
	s, c := t.at(number)
	s.beaten = now
	c.mu.Unlock()
}

// release ends the holding of a slot: from now on a beat misses it. Its secret stays.
func (t *table) release(number uint32) {
	s, c := t.at(number)
	s.holder = 0
	c.mu.Unlock()
}

// mark gives a slot that nobody holds a secret.
func (t *table) mark(number uint32, secret [12]byte) {
	s, c := t.at(number)
	*s = slot{secret: secret}
	c.mu.Unlock()
}

// secret returns the secret of a slot.
func (t *table) secret(number uint32) [12]byte {
	s, c := t.at(number)
	defer c.mu.Unlock()
	return s.secret
}

// names reports whether the id is the one that its slot was last given.
func (t *table) names(id messages.LeaseID) bool {
	number := slotOf(id[:])
	if number/chunkSlots >= uint32(len(*t.chunks.Load())) {
		return false
	}
	return t.secret(number) == [12]byte(id[4:])
}

// overdue releases up to limit slots that were last beaten before the given time and returns their numbers. Nothing
// can beat a slot between being found and being released.
func (t *table) overdue(before time.Duration, limit int) (numbers []uint32) {
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
