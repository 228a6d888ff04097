package server

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// client is one instance of one identity, from its first call until it has been silent for the client timeout and
// nothing of it is remembered any more.
type client struct {
	index  uint32 // names the client in slots and entries
	holder Holder
	groups atomic.Pointer[groupKeys] // with whom it shares; nil until it said who it is

	// For any goroutine.
	session  atomic.Uint64 // the newest session seen; 0 before the first
	seen     atomic.Int64  // server time of its last call
	inFlight atomic.Int32  // calls being answered, without those that wait in line
	labels   atomic.Pointer[labels]

	// For the committer only.
	leases    int // held
	entries   int // held, and ended ones still remembered
	waiting   int // places in line
	allowance allowance
}

// maxSession bounds the number of a session that a client may claim, so that there is always a higher one.
const maxSession = 1 << 62

// clients are all that are remembered. An instance belongs to one identity at a time. Safe for concurrent use.
type clients struct {
	limits Limits
	retry  time.Duration

	mu         sync.RWMutex
	byInstance map[[16]byte]*client
	byIndex    []*client // nil where an index is free
	free       []uint32
	next       uint64 // the last session number given
}

func newClients(limits Limits, retry time.Duration) *clients {
	return &clients{limits: limits, retry: retry, byInstance: make(map[[16]byte]*client)}
}

// errSuperseded is the error of a call whose session is not the newest of its instance. It is not an answer.
var errSuperseded = fmt.Errorf("session superseded by a later one of the same client")

// connect opens a session for the holder, which supersedes its older one, and returns its number. The client shares
// seats in these groups from now on; what it holds stays where it is.
func (cs *clients) connect(h Holder, groups *groupKeys, now time.Duration) (uint64, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.of(h)
	if err != nil {
		return 0, err
	}
	c.seen.Store(int64(now))
	c.groups.Store(groups)
	cs.next = max(cs.next, c.session.Load()) + 1
	c.session.Store(cs.next)
	return cs.next, nil
}

// enter begins a call of a session. The caller ends it with leave.
func (cs *clients) enter(h Holder, session uint64, now time.Duration) (*client, error) {
	if session == 0 || session > maxSession {
		return nil, &refusal{reason: messages.Malformed, message: "no session"}
	}
	c, inFlight, err := cs.find(h)
	if err != nil {
		return nil, err
	}
	c.seen.Store(int64(now))
	switch {
	case !c.adopt(session):
		err = errSuperseded
	case int(inFlight) > cs.limits.InFlight:
		err = &refusal{reason: messages.RateLimited, message: "too many calls in flight", retryAfter: cs.retry}
	default:
		return c, nil
	}
	c.inFlight.Add(-1)
	return nil, err
}

// find returns the holder's client with one call more in flight, which keeps it from being forgotten, and how many are.
func (cs *clients) find(h Holder) (c *client, inFlight int32, err error) {
	cs.mu.RLock()
	if c = cs.byInstance[h.Instance]; c != nil && c.holder == h {
		inFlight = c.inFlight.Add(1)
		cs.mu.RUnlock()
		return c, inFlight, nil
	}
	cs.mu.RUnlock()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c, err = cs.of(h); err != nil {
		return nil, 0, err
	}
	return c, c.inFlight.Add(1), nil
}

// adopt reports whether a session is the newest of its instance. One that is newer than what is known is from before a
// restart, and becomes it.
func (c *client) adopt(session uint64) bool {
	for {
		known := c.session.Load()
		if session <= known {
			return session == known
		}
		if c.session.CompareAndSwap(known, session) {
			return true
		}
	}
}

// leave ends a call that enter began.
func (c *client) leave(now time.Duration) {
	c.seen.Store(int64(now))
	c.inFlight.Add(-1)
}

// of returns the holder's client, a new one if there is none. The caller holds the lock.
func (cs *clients) of(h Holder) (*client, error) {
	c := cs.byInstance[h.Instance]
	if c != nil && c.holder != h {
		return nil, &refusal{reason: messages.Denied, message: "the instance belongs to another client"}
	}
	if c == nil && len(cs.byInstance) >= cs.limits.Clients {
		return nil, &refusal{reason: messages.Busy, message: "too many clients", retryAfter: cs.retry}
	}
	if c == nil {
		c = cs.add(h)
	}
	return c, nil
}

func (cs *clients) add(h Holder) *client {
	c := &client{index: uint32(len(cs.byIndex)), holder: h}
	if last := len(cs.free) - 1; last >= 0 {
		c.index, cs.free = cs.free[last], cs.free[:last]
		cs.byIndex[c.index] = c
	} else {
		cs.byIndex = append(cs.byIndex, c)
	}
	cs.byInstance[h.Instance] = c
	return c
}

// reload adds the client of a record that the ledger kept, whatever the limit on clients is now. Should two identities
// have used an instance one after the other, it belongs to the later one.
func (cs *clients) reload(h Holder) *client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.add(h)
}

// get returns the client with an index that is in use.
func (cs *clients) get(index uint32) *client {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return cs.byIndex[index]
}

// count returns how many clients are remembered.
func (cs *clients) count() int {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return len(cs.byInstance)
}

// forget drops the clients that were silent since before the given time and of which nothing is remembered. The
// committer calls it.
func (cs *clients) forget(before time.Duration) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.byIndex {
		if c == nil || c.entries > 0 || c.waiting > 0 || c.inFlight.Load() > 0 || time.Duration(c.seen.Load()) >= before {
			continue
		}
		if cs.byInstance[c.holder.Instance] == c {
			delete(cs.byInstance, c.holder.Instance)
		}
		cs.byIndex[c.index] = nil
		cs.free = append(cs.free, c.index)
	}
}
