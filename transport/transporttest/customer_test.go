package transporttest

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// customer is a client in the tests of the controls. Its methods fail the test unless the call is answered.
type customer struct {
	transport.Session
	t      *testing.T
	client transport.Client
}

// instances numbers the customers, so that no two are the same client.
var instances atomic.Uint32

// virtually runs a test in virtual time, with one server that has 3 seats of f and 1 of g, and a customer of it.
func virtually(t *testing.T, test func(t *testing.T, n *Network, s *Server, c *customer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		s := n.AddServer("lic1", map[string]int{"f": 3, "g": 1})
		test(t, n, s, arrive(t, n, "lic1"))
	})
}

// arrive connects a new client.
func arrive(t *testing.T, n *Network, address transport.Address) *customer {
	t.Helper()
	c := &customer{t: t, client: transport.Client{Instance: [16]byte{0: 1, 15: byte(instances.Add(1))}}}
	c.reconnect(n, address)
	return c
}

func (c *customer) reconnect(n *Network, address transport.Address) {
	c.t.Helper()
	session, err := n.Connect(c.context(), address)
	require.NoError(c.t, err)
	c.Session = session
}

func (c *customer) context() context.Context { return transport.WithClient(c.t.Context(), c.client) }

func takeOf(feature string, count int, replaces ...messages.RequestID) transport.Take {
	return transport.Take{Request: newRequest(), Feature: feature, Count: count, Replaces: replaces}
}

func (c *customer) ask(take transport.Take) transport.Outcome {
	c.t.Helper()
	reply, err := c.Checkout(c.context(), []transport.Take{take})
	require.NoError(c.t, err)
	require.Len(c.t, reply.Outcomes, 1)
	return reply.Outcomes[0]
}

func (c *customer) hold(feature string, count int) messages.LeaseID {
	c.t.Helper()
	o := c.ask(takeOf(feature, count))
	require.Equal(c.t, transport.Granted, o.Result, "%s", o.Reason)
	return o.Lease
}

func (c *customer) refused(reason messages.Reason, take transport.Take) {
	c.t.Helper()
	assert.Equal(c.t, transport.Outcome{Request: take.Request, Result: transport.Refused, Reason: reason}, c.ask(take))
}

func (c *customer) beat(leases ...messages.LeaseID) transport.HeartbeatReply {
	c.t.Helper()
	reply, err := c.Heartbeat(c.context(), leases)
	require.NoError(c.t, err)
	return reply
}

// beatError is the error of a heartbeat of one lease.
func (c *customer) beatError(ctx context.Context) error {
	_, err := c.Heartbeat(ctx, nil)
	return err
}

func (c *customer) giveBack(lease messages.LeaseID) {
	c.t.Helper()
	_, err := c.Checkin(c.context(), []transport.Return{{Lease: lease}})
	require.NoError(c.t, err)
}

func (c *customer) ended(reason messages.Reason, lease messages.LeaseID) {
	c.t.Helper()
	assert.Equal(c.t, []transport.Ended{{Lease: lease, Reason: reason}}, c.beat(lease).Ended)
}

// contextFor returns a context that ends after d.
func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
