package seats

import (
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// Client is one instance of one identity. It is awake from its first call until it has been silent for some seconds and
// neither holds leases nor waits. Then it rests, and counts among the clients no longer. It is remembered until it has
// been silent for the client timeout and the allocator remembers none of its leases and requests.
type Client struct {
	index   uint32 // names the client in slots and entries
	holder  ledger.Holder
	account *account // of its identity

	resting bool // guarded by the mutex of Clients

	// For any goroutine.
	shareKeys atomic.Pointer[ShareKeys] // nil until the client was introduced
	info      atomic.Pointer[ClientInfo]
	session   atomic.Uint64 // the newest session seen; 0 before the first
	lastCall  atomic.Int64  // server time
	inFlight  atomic.Int32  // calls being answered, blocked calls not counted

	// For the allocator only.
	leases  int // held
	entries int // held and remembered leases, and remembered requests
	waiting int // takes in queues
	rate    rateLimiter
}

// ClientInfo is what a client says about itself, unproven.
type ClientInfo struct{ User, Host string }

// Holder identifies the client in records and for operators.
func (c *Client) Holder() ledger.Holder { return c.holder }

// Introduced reports whether the share keys of the client were set since the server started.
func (c *Client) Introduced() bool { return c.shareKeys.Load() != nil }

// Introduce sets the share keys and names of a client, if it has not connected since the server started. A Connect that
// came first wins.
func (c *Client) Introduce(keys *ShareKeys, info *ClientInfo) {
	c.shareKeys.CompareAndSwap(nil, keys)
	c.info.CompareAndSwap(nil, info)
}

// Leave ends a call that Enter began.
func (c *Client) Leave(now time.Duration) {
	c.lastCall.Store(int64(now))
	c.inFlight.Add(-1)
}

// InFlight returns how many calls of the client are being answered, blocked calls not counted.
func (c *Client) InFlight() int { return int(c.inFlight.Load()) }

// BeginWait and EndWait enclose the time during which a call is blocked in a queue. The limits of queues apply to it then,
// not the limit of calls in flight, so that a blocked call gets in the way of no heartbeat.
func (c *Client) BeginWait() { c.inFlight.Add(-1) }

// EndWait ends the time that BeginWait began.
func (c *Client) EndWait() { c.inFlight.Add(1) }

// connect begins a session, which supersedes the older one.
func (c *Client) connect(session uint64, keys *ShareKeys, info *ClientInfo, now time.Duration) {
	c.lastCall.Store(int64(now))
	c.shareKeys.Store(keys)
	if info != nil {
		c.info.Store(info)
	}
	c.session.Store(session)
}

// adopt reports whether a session is the newest of its instance. A session number above the known one was given before
// a restart of the server, which forgot it: it becomes the known one.
func (c *Client) adopt(session uint64) bool {
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

// quiet reports whether the client holds nothing, does not wait, and made its last call before the given time.
func (c *Client) quiet(before time.Duration) bool {
	return c.leases == 0 && c.waiting == 0 && c.inFlight.Load() == 0 && time.Duration(c.lastCall.Load()) < before
}

// rest and wake change whether the client counts among the clients. The caller holds the mutex of Clients.
func (c *Client) rest() {
	c.resting = true
	c.account.addAwake(-1)
}

func (c *Client) wake() {
	c.resting = false
	c.account.addAwake(+1)
}

// shareKey returns the key under which the client shares seats in a scope; zero when it shares none.
func (c *Client) shareKey(scope license.Share) shareKey {
	if keys := c.shareKeys.Load(); keys != nil {
		return keys[scope]
	}
	return shareKey{}
}

func (c *Client) addLeases(n int) { c.leases += n }

func (c *Client) addEntries(n int) {
	c.entries += n
	c.account.addEntries(n)
}

func (c *Client) addWaiting(n int) {
	c.waiting += n
	c.account.addWaiting(n)
}
