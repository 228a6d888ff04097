package seats

import (
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// maxSession bounds the number of a session that a client may claim after a restart, so that there is always a higher
// number for the session that the client opens next.
const maxSession = 1 << 62

// restAfter is how long a client that holds nothing stays awake after its last call.
const restAfter = 5 * time.Second

// Clients are all remembered clients. An instance belongs to one identity at a time. Its methods are safe for concurrent
// use.
type Clients struct {
	limits Limits
	retry  time.Duration // of refusals
	counts LimitCounts

	mu         sync.RWMutex
	byInstance map[[16]byte]*Client
	byIndex    []*Client // nil where an index is free
	free       []uint32
	awake      map[uint32]*Client  // by index: the clients that the limit counts
	bare       []*Client           // resting clients of which nothing is remembered, in the order in which that began
	accounts   map[string]*account // by identity
	next       uint64              // the last session number given
}

// NewClients returns an empty set of clients.
func NewClients(limits Limits, retryAfter time.Duration) *Clients {
	return &Clients{
		limits: limits, retry: retryAfter, byInstance: make(map[[16]byte]*Client),
		awake: make(map[uint32]*Client), accounts: make(map[string]*account),
	}
}

// Limits returns the counts of what limits have refused.
func (cs *Clients) Limits() *LimitCounts { return &cs.counts }

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
	c := cs.known(h)
	if c != nil {
		if err := cs.allowConnect(c.account, now); err != nil {
			return 0, err
		}
	}
	c, err := cs.of(h, now)
	if err != nil {
		return 0, err
	}
	cs.next++
	session := max(cs.next, c.session.Load()+1) // what a client has claimed raises its own sessions and nobody else's
	c.connect(session, keys, info, now)
	return session, nil
}

var errNoSession = &Refusal{Reason: messages.Malformed, Message: "no session"}

// Enter begins a call of a session. The caller ends it with Leave.
func (cs *Clients) Enter(h ledger.Holder, session uint64, now time.Duration) (*Client, error) {
	if session == 0 {
		return nil, errNoSession
	}
	c, inFlight, err := cs.find(h, now)
	if err != nil {
		return nil, err
	}
	switch {
	case session > maxSession && session > c.session.Load():
		err = errNoSession
	case !c.adopt(session):
		err = ErrSuperseded
	case int(inFlight) > cs.limits.InFlight:
		err = refusedAt(LimitInFlight, messages.RateLimited, "too many calls in flight", cs.retry)
	default:
		c.lastCall.Store(int64(now))
		return c, nil
	}
	c.Leave(now)
	return nil, err
}

// find returns the client of a holder with one call more in flight, which keeps the client from being forgotten, and the
// number of its calls in flight.
func (cs *Clients) find(h ledger.Holder, now time.Duration) (c *Client, inFlight int32, err error) {
	cs.mu.RLock()
	if c = cs.byInstance[h.Instance]; c != nil && c.holder == h && !c.resting {
		inFlight = c.inFlight.Add(1)
		cs.mu.RUnlock()
		return c, inFlight, nil
	}
	cs.mu.RUnlock()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c, err = cs.of(h, now); err != nil {
		return nil, 0, err
	}
	return c, c.inFlight.Add(1), nil
}

// known returns the client of a holder, nil if there is none. The caller holds the lock.
func (cs *Clients) known(h ledger.Holder) *Client {
	if c := cs.byInstance[h.Instance]; c != nil && c.holder == h {
		return c
	}
	return nil
}

// of returns the client of a holder, awake, and a new one if there is none. The caller holds the lock.
func (cs *Clients) of(h ledger.Holder, now time.Duration) (*Client, error) {
	c := cs.byInstance[h.Instance]
	switch {
	case c != nil && c.holder != h:
		return nil, &Refusal{Reason: messages.Denied, Message: "the instance belongs to another client"}
	case c != nil && !c.resting:
		return c, nil
	}
	account := cs.account(h.Identity)
	err := cs.allowClient(account)
	if c == nil && err == nil {
		err = cs.allowConnect(account, now)
	}
	if err != nil {
		cs.drop(account, h.Identity)
		return nil, err
	}
	if c == nil {
		return cs.add(h), nil
	}
	c.wake()
	cs.awake[c.index] = c
	return c, nil
}

// allowClient refuses one more client that is awake when there are too many.
func (cs *Clients) allowClient(a *account) error {
	switch {
	case a.awake >= cs.limits.IdentityClients:
		return refusedAt(LimitIdentityClients, messages.RateLimited, "the identity has too many clients", cs.retry)
	case len(cs.awake) >= cs.limits.Clients:
		return refusedAt(LimitClients, messages.Busy, "too many clients", cs.retry)
	default:
		return nil
	}
}

// allowConnect counts a session or a new instance, or refuses it.
func (cs *Clients) allowConnect(a *account, now time.Duration) error {
	if wait := a.allowConnect(now, cs.limits); wait > 0 {
		return refusedAt(LimitIdentityConnects, messages.RateLimited, "the identity connects too often", wait)
	}
	return nil
}

// account returns the account of an identity. The caller adds a client to it, or drops it.
func (cs *Clients) account(identity string) *account {
	a := cs.accounts[identity]
	if a == nil {
		a = &account{}
		cs.accounts[identity] = a
	}
	return a
}

// drop removes an account without clients.
func (cs *Clients) drop(a *account, identity string) {
	if a.clients == 0 {
		delete(cs.accounts, identity)
	}
}

func (cs *Clients) add(h ledger.Holder) *Client {
	c := &Client{index: uint32(len(cs.byIndex)), holder: h, account: cs.account(h.Identity)}
	if last := len(cs.free) - 1; last >= 0 {
		c.index, cs.free = cs.free[last], cs.free[:last]
		cs.byIndex[c.index] = c
	} else {
		cs.byIndex = append(cs.byIndex, c)
	}
	cs.byInstance[h.Instance] = c
	cs.awake[c.index] = c
	c.account.addClients(+1)
	c.account.addAwake(+1)
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

// Count returns how many clients are awake.
func (cs *Clients) Count() int {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return len(cs.awake)
}

// Remembered returns how many clients are remembered, also those that rest.
func (cs *Clients) Remembered() int {
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

// Rest lets the clients rest that hold nothing and have been silent for some seconds, and forgets those that made their
// last call before the given time and of which nothing is remembered. Only the goroutine of the allocator calls it.
func (cs *Clients) Rest(now, before time.Duration) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for index, c := range cs.awake {
		if !c.quiet(max(before, now-restAfter)) {
			continue
		}
		c.rest()
		delete(cs.awake, index)
		if c.entries == 0 {
			cs.bare = append(cs.bare, c)
		}
	}
	for len(cs.bare) > 0 && (cs.forget(cs.bare[0], before) || len(cs.bare) > cs.limits.Clients && cs.forget(cs.bare[0], now+1)) {
		cs.bare = cs.bare[1:]
	}
}

// released notes that the allocator remembers one entry of a client less.
func (cs *Clients) released(c *Client) {
	c.addEntries(-1)
	if c.entries > 0 {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c.resting {
		cs.bare = append(cs.bare, c)
	}
}

// forget drops a client that rests, unless its last call came at the given time or later, and reports whether there is
// nothing left to do for it: also when it is awake again, or something of it is remembered.
func (cs *Clients) forget(c *Client, before time.Duration) bool {
	if cs.byIndex[c.index] != c || !c.resting || c.entries > 0 {
		return true
	}
	if !c.quiet(before) {
		return false
	}
	if cs.byInstance[c.holder.Instance] == c {
		delete(cs.byInstance, c.holder.Instance)
	}
	cs.byIndex[c.index] = nil
	cs.free = append(cs.free, c.index)
	c.account.addClients(-1)
	cs.drop(c.account, c.holder.Identity)
	return true
}
