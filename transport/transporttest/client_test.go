package transporttest

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// testClient is a client with a session. Its methods fail the test unless the server answers the call.
type testClient struct {
	transport.Session
	t      *testing.T
	client transport.Client
}

// instances numbers the clients, so that no two have the same instance.
var instances atomic.Uint32

// inBubble runs a test in virtual time, with a server that has 3 seats of f and 1 of g, and a client of the server.
func inBubble(t *testing.T, test func(t *testing.T, n *Network, s *Server, c *testClient)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		s := n.AddServer("lic1", map[string]int{"f": 3, "g": 1})
		test(t, n, s, connectClient(t, n, "lic1"))
	})
}

// connectClient connects a new client.
func connectClient(t *testing.T, n *Network, address transport.Address) *testClient {
	t.Helper()
	c := &testClient{t: t, client: transport.Client{Instance: [16]byte{0: 1, 15: byte(instances.Add(1))}}}
	c.reconnect(n, address)
	return c
}

func (c *testClient) reconnect(n *Network, address transport.Address) {
	c.t.Helper()
	session, err := n.Connect(c.context(), address)
	require.NoError(c.t, err)
	c.Session = session
}

func (c *testClient) context() context.Context { return transport.WithClient(c.t.Context(), c.client) }

func takeOf(feature string, count int, replaces ...messages.RequestID) transport.Take {
	return transport.Take{Request: randomRequest(), Feature: feature, Count: count, Replaces: replaces}
}

func (c *testClient) checkout(take transport.Take) transport.Outcome {
	c.t.Helper()
	reply, err := c.Checkout(c.context(), []transport.Take{take})
	require.NoError(c.t, err)
	require.Len(c.t, reply.Outcomes, 1)
	return reply.Outcomes[0]
}

func (c *testClient) hold(feature string, count int) messages.LeaseID {
	c.t.Helper()
	o := c.checkout(takeOf(feature, count))
	require.Equal(c.t, transport.Granted, o.Result, "%s", o.Reason)
	return o.Lease
}

func (c *testClient) refused(reason messages.Reason, take transport.Take) {
	c.t.Helper()
	assert.Equal(c.t, transport.Outcome{Request: take.Request, Result: transport.Refused, Reason: reason}, c.checkout(take))
}

func (c *testClient) beat(leases ...messages.LeaseID) transport.HeartbeatReply {
	c.t.Helper()
	reply, err := c.Heartbeat(c.context(), leases)
	require.NoError(c.t, err)
	return reply
}

// beatError returns the error of a heartbeat without a lease.
func (c *testClient) beatError(ctx context.Context) error {
	_, err := c.Heartbeat(ctx, nil)
	return err
}

func (c *testClient) checkin(lease messages.LeaseID) {
	c.t.Helper()
	_, err := c.Checkin(c.context(), []transport.Return{{Lease: lease}})
	require.NoError(c.t, err)
}

func (c *testClient) ended(reason messages.Reason, lease messages.LeaseID) {
	c.t.Helper()
	assert.Equal(c.t, []transport.Ended{{Lease: lease, Reason: reason}}, c.beat(lease).Ended)
}

// contextFor returns a context that ends after d.
func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// randomRequest draws a request id.
func randomRequest() (id messages.RequestID) {
	rand.Read(id[:])
	return id
}
