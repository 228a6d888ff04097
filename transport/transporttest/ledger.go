package transporttest

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// ledger is what a server knows of seats: pools, leases, and requests that must never execute (again). Instants are
// nanoseconds since its server was added. It is not safe for concurrent use: the lock of its server guards it.
//
// A million leases have to fit beside the code under test, hence records without pointers in one slice, found by a slot
// number in the lease id, and chains of slot numbers instead of timers.
type ledger struct {
	timeout int64 // client timeout, nanoseconds

	pools   []pool
	names   map[string]uint32   // feature to index in pools
	clients map[[16]byte]uint32 // instance to index in instances
	// instances are the clients by index; records name them by it.
	instances [][16]byte

	records  []record // by slot; slot 0 is never used, so that 0 means none
	requests map[requestKey]uint32
	aging    chain  // held network leases, by the time of their last beat
	buried   chain  // ended ones, in the order in which they ended
	unused   uint32 // first of the free slots, chained by next
}

// pool is the seats of one feature.
type pool struct {
	feature   string
	version   messages.Version
	seats     int
	overdraft int  // granted past the seats, and marked so
	used      int  // by leases
	others    int  // by others: Server.Take
	local     bool // what is granted from now on is local
	withdrawn bool // not served any more
	line      []*place
}

// requestKey scopes a request id to its client: two clients may draw the same.
type requestKey struct {
	request messages.RequestID
	client  uint32
}

type recordState uint8

const (
	free  recordState = iota // the slot is unused
	held                     // a network lease that lives
	local                    // a local lease that lives
	ended                    // a lease that ended, or a request that must never execute
)

// record is a lease from its grant until its tombstone is forgotten, or the tombstone of a request that never executed.
type record struct {
	at         int64 // of the last beat, or of the end
	rest       [12]byte
	request    messages.RequestID
	client     uint32
	pool       uint32
	count      int32
	prev, next uint32 // in the chain that it is in
	major      uint16 // of the version granted
	minor      uint16
	state      recordState
	reason     messages.Reason // of the end
	overdrawn  bool            // granted past the seats
}

func newLedger(timeout time.Duration) *ledger {
	return &ledger{
		timeout:  int64(timeout),
		names:    map[string]uint32{},
		clients:  map[[16]byte]uint32{},
		records:  make([]record, 1),
		requests: map[requestKey]uint32{},
	}
}

// blank returns a ledger that serves the same features and has not granted anything.
func (l *ledger) blank() *ledger {
	b := newLedger(time.Duration(l.timeout))
	for _, p := range l.pools {
		p.used, p.others, p.line = 0, 0, nil
		b.names[p.feature] = uint32(len(b.pools))
		b.pools = append(b.pools, p)
	}
	return b
}

// pool returns the pool of a feature, nil when the server has never had one.
func (l *ledger) pool(feature string) *pool {
	if i, ok := l.names[feature]; ok {
		return &l.pools[i]
	}
	return nil
}

// addPool adds an empty pool of a feature that has none.
func (l *ledger) addPool(feature string) *pool {
	l.names[feature] = uint32(len(l.pools))
	l.pools = append(l.pools, pool{feature: feature, version: defaultVersion})
	return &l.pools[len(l.pools)-1]
}

// client returns the index of a client, which is new when it was not met before.
func (l *ledger) client(instance [16]byte) uint32 {
	if i, ok := l.clients[instance]; ok {
		return i
	}
	i := uint32(len(l.instances))
	l.clients[instance] = i
	l.instances = append(l.instances, instance)
	return i
}

// find returns the slot of a lease, held or ended, 0 when there is none.
func (l *ledger) find(id *messages.LeaseID) uint32 {
	slot := binary.BigEndian.Uint32(id[:4])
	if slot == 0 || int(slot) >= len(l.records) {
		return 0
	}
	if r := &l.records[slot]; r.state == free || r.rest != [12]byte(id[4:]) {
		return 0
	}
	return slot
}

// id returns the lease id of a slot.
func (l *ledger) id(slot uint32) (id messages.LeaseID) {
	binary.BigEndian.PutUint32(id[:4], slot)
	copy(id[4:], l.records[slot].rest[:])
	return id
}

// add makes a record of a request under a fresh lease id. The caller sets its state and puts it into a chain.
func (l *ledger) add(client uint32, request messages.RequestID) uint32 {
	slot := l.unused
	if slot != 0 {
		l.unused = l.records[slot].next
	} else {
		slot = uint32(len(l.records))
		l.records = append(l.records, record{})
	}
	r := &l.records[slot]
	*r = record{request: request, client: client}
	binary.BigEndian.PutUint64(r.rest[:8], rand.Uint64())
	binary.BigEndian.PutUint32(r.rest[8:], rand.Uint32())
	l.requests[requestKey{request, client}] = slot
	return slot
}

// drop forgets a record that is in no chain.
func (l *ledger) drop(slot uint32) {
	r := &l.records[slot]
	delete(l.requests, requestKey{r.request, r.client})
	*r = record{next: l.unused}
	l.unused = slot
}
