package transporttest

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
	// patience is how long the suite waits for an answer that must come.
	patience = 20 * time.Second
	// soon is the longest time that a call may take to notice the end of its context. Generous, for slow machines.
	soon = 5 * time.Second
)

// probe is one client of the suite with one session. Its methods fail the test when the server breaks what holds for
// every call; they run on the goroutine of the test.
type probe struct {
	t       *testing.T
	fixture *Fixture
	client  transport.Client
	session transport.Session
	hello   transport.Hello // what every reply has to tell
	frozen  bool            // the server answers no more

	mu       sync.Mutex
	requests []messages.RequestID // all that it took seats with
}

// newProbe connects a new client instance to the server of the fixture.
func newProbe(t *testing.T, f *Fixture) *probe {
	t.Helper()
	p := &probe{t: t, fixture: f, client: transport.Client{Name: "conformance", User: "suite", Host: "localhost"}}
	rand.Read(p.client.Instance[:])
	p.session = p.connect(f.Address)
	p.hello = p.session.Hello()
	require.True(t, p.hello.Identity.Valid(), "Hello has no valid identity: %v", p.hello.Identity)
	require.Positive(t, p.hello.ClientTimeout, "Hello.ClientTimeout")
	t.Cleanup(p.leave)
	return p
}

// connect opens a further session of the client. It is closed with the test.
func (p *probe) connect(address transport.Address) transport.Session {
	p.t.Helper()
	session, err := p.fixture.Transport.Connect(p.context(), address)
	require.NoError(p.t, err, "connect")
	p.t.Cleanup(func() { assert.NoError(p.t, session.Close(), "close") })
	return session
}

// context returns a context for one call, which says who calls.
func (p *probe) context() context.Context {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	p.t.Cleanup(cancel)
	return transport.WithClient(ctx, p.client)
}

// leave gives back, as well as it can, all seats that the client may hold: the next subtest may have the same server.
func (p *probe) leave() {
	if p.frozen {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	session, err := p.fixture.Transport.Connect(transport.WithClient(ctx, p.client), p.fixture.Address)
	if err != nil {
		return
	}
	defer func() { _ = session.Close() }()
	for from := 0; from < len(p.requests) && ctx.Err() == nil; from += transport.MaxBatch {
		var returns []transport.Return
		for _, request := range p.requests[from:min(from+transport.MaxBatch, len(p.requests))] {
			returns = append(returns, transport.Return{Request: request})
		}
		_, _ = session.Checkin(ctx, returns)
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

// take returns a take of the feature, in version 0.0, with a new request id. It is safe for concurrent use.
func (p *probe) take(feature string, count int, replaces ...messages.RequestID) transport.Take {
	t := transport.Take{Request: newRequest(), Feature: feature, Count: count, Replaces: replaces}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, t.Request)
	return t
}

// checkout sends takes and returns their outcomes, which are as many and in the same order.
func (p *probe) checkout(takes ...transport.Take) []transport.Outcome {
	p.t.Helper()
	reply, err := p.session.Checkout(p.context(), takes)
	require.NoError(p.t, err, "checkout")
	require.Equal(p.t, p.hello, reply.Hello, "the Hello of a checkout")
	require.Len(p.t, reply.Outcomes, len(takes), "outcomes")
	for i := range takes {
		require.Equal(p.t, takes[i].Request, reply.Outcomes[i].Request, "outcome %d is about another request", i)
	}
	return reply.Outcomes
}

// granted checks one take out, which must be granted, and returns its lease.
func (p *probe) granted(take transport.Take) messages.LeaseID {
	p.t.Helper()
	o := p.checkout(take)[0]
	require.Equal(p.t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	require.NotZero(p.t, o.Lease, "a grant without a lease")
	return o.Lease
}

// refused checks one take out, which must be refused for the reason.
func (p *probe) refused(reason messages.Reason, take transport.Take, why string) {
	p.t.Helper()
	o := p.checkout(take)[0]
	assert.Equal(p.t, transport.Refused, o.Result, why)
	assert.Equal(p.t, reason, o.Reason, why)
	assert.Zero(p.t, o.Lease, "a refusal with a lease")
}

// gone checks one take out, which must be answered that it is gone for the reason.
func (p *probe) gone(reason messages.Reason, take transport.Take, why string) {
	p.t.Helper()
	o := p.checkout(take)[0]
	assert.Equal(p.t, transport.Gone, o.Result, why)
	assert.Equal(p.t, reason, o.Reason, why)
}

// beat names leases and returns those that are no longer held.
func (p *probe) beat(leases ...messages.LeaseID) map[messages.LeaseID]messages.Reason {
	p.t.Helper()
	reply, err := p.session.Heartbeat(p.context(), leases)
	require.NoError(p.t, err, "heartbeat")
	require.Equal(p.t, p.hello, reply.Hello, "the Hello of a heartbeat")
	ended := map[messages.LeaseID]messages.Reason{}
	for _, e := range reply.Ended {
		ended[e.Lease] = e.Reason
	}
	require.Len(p.t, reply.Ended, len(ended), "a lease is told twice in one reply")
	return ended
}

// held claims that the leases are held.
func (p *probe) held(leases ...messages.LeaseID) {
	p.t.Helper()
	assert.Empty(p.t, p.beat(leases...), "leases that should be held")
}

// ended claims that the lease ended for the reason.
func (p *probe) ended(reason messages.Reason, lease messages.LeaseID) {
	p.t.Helper()
	assert.Equal(p.t, map[messages.LeaseID]messages.Reason{lease: reason}, p.beat(lease))
}

// checkin returns seats.
func (p *probe) checkin(returns ...transport.Return) {
	p.t.Helper()
	reply, err := p.session.Checkin(p.context(), returns)
	require.NoError(p.t, err, "checkin")
	require.Equal(p.t, p.hello, reply.Hello, "the Hello of a checkin")
}

// free claims that exactly so many seats of the scarce feature are free: they are granted at once, and one more is not.
func (p *probe) free(seats int) {
	p.t.Helper()
	p.refused(messages.NoSeats, p.take(p.fixture.Feature, seats+1), "more seats are free than there should be")
	if seats > 0 {
		p.checkin(transport.Return{Lease: p.granted(p.take(p.fixture.Feature, seats))})
	}
}
