package seats

import (
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// maxSession bounds the number of a session that a client may claim, so that there is always a higher number.
const maxSession = 1 << 62

// Clients are all remembered clients. An instance belongs to one identity at a time. Its methods are safe for concurrent
// use.
type Clients struct {
	limits Limits
	retry  time.Duration // of refusals

	mu         sync.RWMutex
	byInstance map[[16]byte]*Client
	byIndex    []*Client // nil where an index is free
	free       []uint32
	next       uint64 // the last session number given
}

// NewClients returns an empty set of clients.
func NewClients(limits Limits, retryAfter time.Duration) *Clients {
	return &Clients{limits: limits, retry: retryAfter, byInstance: make(map[[16]byte]*Client)}
}

// StartSessions makes the sessions of this epoch higher than those of earlier epochs.
func (cs *Clients) StartSessions(epoch uint64) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.next = epoch << 32
}

// Connect opens a session of a client and returns its number. The session supersedes the client's older one. From now on
// the client shares seats by these keys; its leases keep the keys under which they were granted.
func (cs *Clients) Connect(h ledger.Holder, keys *ShareKeys, info *ClientInfo, now time.Duration) (uint64, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.of(h)
	if err != nil {
		return 0, err
	}
	cs.next = max(cs.next, c.session.Load()) + 1
	c.connect(cs.next, keys, info, now)
	return cs.next, nil
}

// Enter begins a call of a session. The caller ends it with Leave.
func (cs *Clients) Enter(h ledger.Holder, session uint64, now time.Duration) (*Client, error) {
	if session == 0 || session > maxSession {
		return nil, &Refusal{Reason: messages.Malformed, Message: "no session"}
	}
	c, inFlight, err := cs.find(h)
	if err != nil {
		return nil, err
	}
	switch {
	case !c.adopt(session):
		err = ErrSuperseded
	case int(inFlight) > cs.limits.InFlight:
		err = &Refusal{Reason: messages.RateLimited, Message: "too many calls in flight", RetryAfter: cs.retry}
	default:
		c.lastCall.Store(int64(now))
		return c, nil
	}
	c.Leave(now)
	return nil, err
}

// find counts one more call in flight of a holder's client, which keeps the client from being forgotten. It returns the
// client and the number of its calls in flight.
func (cs *Clients) find(h ledger.Holder) (c *Client, inFlight int32, err error) {
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

// of returns the client of a holder. A holder that has no client gets a new one. The caller holds the lock.
func (cs *Clients) of(h ledger.Holder) (*Client, error) {
	c := cs.byInstance[h.Instance]
	if c != nil && c.holder != h {
		return nil, &Refusal{Reason: messages.Denied, Message: "the instance belongs to another client"}
	}
	if c == nil && len(cs.byInstance) >= cs.limits.Clients {
		return nil, &Refusal{Reason: messages.Busy, Message: "too many clients", RetryAfter: cs.retry}
	}
	if c == nil {
		c = cs.add(h)
	}
	return c, nil
}

func (cs *Clients) add(h ledger.Holder) *Client {
	c := &Client{index: uint32(len(cs.byIndex)), holder: h}
	if last := len(cs.free) - 1; last >= 0 {
		c.index, cs.free = cs.free[last], cs.free[:last]
		cs.byIndex[c.index] = c
	} else {
		cs.byIndex = append(cs.byIndex, c)
	}
	cs.byInstance[h.Instance] = c
	return c
}

// replay adds the client of a record that a ledger replays, whatever the limit on clients is now. When two identities used
// an instance one after the other, the instance belongs to the later one.
func (cs *Clients) replay(h ledger.Holder) *Client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.add(h)
}

// get returns the client with an index that is in use.
func (cs *Clients) get(index uint32) *Client {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return cs.byIndex[index]
}

// Count returns how many clients are remembered.
func (cs *Clients) Count() int {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return len(cs.byInstance)
}

// waiting returns how many takes the clients have in queues.
func (cs *Clients) waiting() (n int) {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	for _, c := range cs.byInstance {
		n += c.waiting
	}
	return n
}

// Forget drops the clients whose last call was before the given time, if none of their leases and requests is
// remembered. Only the goroutine of the allocator calls it.
func (cs *Clients) Forget(before time.Duration) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.byIndex {
		if c == nil || !c.idle(before) {
			continue
		}
		if cs.byInstance[c.holder.Instance] == c {
			delete(cs.byInstance, c.holder.Instance)
		}
		cs.byIndex[c.index] = nil
		cs.free = append(cs.free, c.index)
	}
}
