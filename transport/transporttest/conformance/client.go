package conformance

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

const (
	// answerWithin is how long the suite waits for an answer that must come.
	answerWithin = 20 * time.Second
	// soon is the longest time that a call may take to notice the end of its context. It is generous, for slow
	// machines.
	soon = 5 * time.Second
)

// client is one client instance of the suite, with one current session. Its methods fail the test when a reply breaks
// what holds for every reply. They run on the goroutine of the test, except where their comment says otherwise.
type client struct {
	t       *testing.T
	fixture *Fixture
	self    transport.Client
	session transport.Session
	hello   transport.Hello // what every reply must carry
	frozen  bool            // the server was frozen: the clean-up makes no calls

	mu       sync.Mutex
	requests []messages.RequestID // every request that may hold seats, for the clean-up
}

// newClient connects a new client instance to the server of the fixture.
func newClient(t *testing.T, f *Fixture) *client {
	t.Helper()
	c := &client{t: t, fixture: f, self: transport.Client{Name: "conformance", User: "suite", Host: "localhost"}}
	rand.Read(c.self.Instance[:])
	c.session = c.connect(f.Address)
	c.hello = c.session.Hello()
	require.True(t, c.hello.Identity.Valid(), "Hello has no valid identity: %v", c.hello.Identity)
	require.Positive(t, c.hello.ClientTimeout, "Hello.ClientTimeout")
	t.Cleanup(c.returnAll)
	return c
}

// connect opens a further session of the client. The session is closed at the end of the test.
func (c *client) connect(address transport.Address) transport.Session {
	c.t.Helper()
	session, err := c.fixture.Transport.Connect(c.context(), address)
	require.NoError(c.t, err, "connect")
	c.t.Cleanup(func() { assert.NoError(c.t, session.Close(), "close") })
	return session
}

// reconnect opens a further session, makes it the current one and returns the previous session.
func (c *client) reconnect(address transport.Address) (previous transport.Session) {
	c.t.Helper()
	previous = c.session
	c.session = c.connect(address)
	return previous
}

// context returns a context for one call, which carries the client.
func (c *client) context() context.Context {
	ctx, cancel := context.WithTimeout(c.t.Context(), answerWithin)
	c.t.Cleanup(cancel)
	return transport.WithClient(ctx, c.self)
}

// returnAll returns, with its best effort, all seats that the client may hold: the next subtest may use the same
// server.
func (c *client) returnAll() {
	if c.frozen {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	session, err := c.fixture.Transport.Connect(transport.WithClient(ctx, c.self), c.fixture.Address)
	if err != nil {
		return
	}
	defer func() { _ = session.Close() }()
	for from := 0; from < len(c.requests) && ctx.Err() == nil; from += transport.MaxBatch {
		var returns []transport.Return
		for _, request := range c.requests[from:min(from+transport.MaxBatch, len(c.requests))] {
			returns = append(returns, transport.Return{Request: request})
		}
		_, _ = session.Checkin(ctx, returns)
	}
}

// freeze freezes the server. After that the clean-up of the client makes no calls.
func (c *client) freeze() {
	c.fixture.Freeze()
	c.frozen = true
}

// restart restarts the server, waits until the session has reached the new process, and expects the new identity in
// every reply from then on.
func (c *client) restart() {
	c.t.Helper()
	c.fixture.Restart()
	eventually(c.t, func() bool {
		ctx, cancel := context.WithTimeout(c.context(), soon)
		defer cancel()
		reply, err := c.session.Heartbeat(ctx, nil)
		if err != nil || reply.Identity.BootID == c.hello.Identity.BootID {
			return false
		}
		c.hello = reply.Hello
		return true
	}, 10*time.Millisecond, "the session never reported the restart")
}

// take returns a take of the feature, in version 0.0, with a new request id. It is safe for concurrent use.
func (c *client) take(feature string, count int, replaces ...messages.RequestID) transport.Take {
	t := transport.Take{Request: newRequest(), Feature: feature, Count: count, Replaces: replaces}
	c.remember(t.Request)
	return t
}

// remember makes the clean-up return the request. It is safe for concurrent use.
func (c *client) remember(request messages.RequestID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, request)
}

// checkout sends takes and returns their outcomes, of which there is one for each take, in the same order.
func (c *client) checkout(takes ...transport.Take) []transport.Outcome {
	c.t.Helper()
	reply, err := c.session.Checkout(c.context(), takes)
	require.NoError(c.t, err, "checkout")
	require.Equal(c.t, c.hello, reply.Hello, "the Hello of a checkout")
	require.Len(c.t, reply.Outcomes, len(takes), "outcomes")
	for i := range takes {
		require.Equal(c.t, takes[i].Request, reply.Outcomes[i].Request, "outcome %d is about another request", i)
	}
	return reply.Outcomes
}

// granted checks out one take, which must be granted, and returns its lease.
func (c *client) granted(take transport.Take) messages.LeaseID {
	c.t.Helper()
	o := c.checkout(take)[0]
	require.Equal(c.t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	require.NotZero(c.t, o.Lease, "a grant without a lease")
	return o.Lease
}

// refused checks out one take, which must be refused for the reason.
func (c *client) refused(reason messages.Reason, take transport.Take, why string) {
	c.t.Helper()
	o := c.checkout(take)[0]
	assert.Equal(c.t, transport.Refused, o.Result, why)
	assert.Equal(c.t, reason, o.Reason, why)
	assert.Zero(c.t, o.Lease, "a refusal with a lease")
}

// gone checks out one take, which must be answered Gone with the reason.
func (c *client) gone(reason messages.Reason, take transport.Take, why string) {
	c.t.Helper()
	o := c.checkout(take)[0]
	assert.Equal(c.t, transport.Gone, o.Result, why)
	assert.Equal(c.t, reason, o.Reason, why)
}

// beat names leases and returns those that are no longer held, with their reasons.
func (c *client) beat(leases ...messages.LeaseID) map[messages.LeaseID]messages.Reason {
	c.t.Helper()
	reply, err := c.session.Heartbeat(c.context(), leases)
	require.NoError(c.t, err, "heartbeat")
	require.Equal(c.t, c.hello, reply.Hello, "the Hello of a heartbeat")
	ended := map[messages.LeaseID]messages.Reason{}
	for _, e := range reply.Ended {
		ended[e.Lease] = e.Reason
	}
	require.Len(c.t, reply.Ended, len(ended), "a reply lists a lease twice")
	return ended
}

// held asserts that the leases are held. Without a lease it asserts that the session works.
func (c *client) held(leases ...messages.LeaseID) {
	c.t.Helper()
	assert.Empty(c.t, c.beat(leases...), "leases that should be held")
}

// ended asserts that the lease ended for the reason.
func (c *client) ended(reason messages.Reason, lease messages.LeaseID) {
	c.t.Helper()
	assert.Equal(c.t, map[messages.LeaseID]messages.Reason{lease: reason}, c.beat(lease))
}

// checkin returns seats.
func (c *client) checkin(returns ...transport.Return) {
	c.t.Helper()
	reply, err := c.session.Checkin(c.context(), returns)
	require.NoError(c.t, err, "checkin")
	require.Equal(c.t, c.hello, reply.Hello, "the Hello of a checkin")
}

// free asserts that exactly so many seats of Fixture.Feature are free: a take of that many is granted, a larger one is
// refused.
func (c *client) free(seats int) {
	c.t.Helper()
	c.refused(messages.NoSeats, c.take(c.fixture.Feature, seats+1), "more seats are free than there should be")
	if seats > 0 {
		c.checkin(transport.Return{Lease: c.granted(c.take(c.fixture.Feature, seats))})
	}
}

// newRequest draws a request id that the server has never seen.
func newRequest() (id messages.RequestID) {
	rand.Read(id[:])
	return id
}

// unknownLease draws a lease id that the server has never granted.
func unknownLease() (id messages.LeaseID) {
	rand.Read(id[:])
	return id
}

// eventually calls succeeds at intervals until it returns true, on the goroutine of the test.
func eventually(t *testing.T, succeeds func() bool, interval time.Duration, failure string) {
	t.Helper()
	for end := time.Now().Add(answerWithin); !succeeds(); time.Sleep(interval) {
		require.True(t, time.Now().Before(end), failure)
	}
}
