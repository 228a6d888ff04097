package transporttest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

func TestStatsCountWhatArrives(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		_, err := c.Checkout(t.Context(), []transport.Take{takeOf("f", 9), takeOf("f", 9)})
		require.NoError(t, err)
		c.beat(lease, lease)
		c.beat()
		c.checkin(lease)
		s.Down()
		_, err = n.Connect(t.Context(), "lic1")
		require.Error(t, err)
		assert.Equal(t, Stats{
			Tried: 7, Connects: 1, Checkouts: 2, Takes: 3, Heartbeats: 2, Leases: 2, Checkins: 1, Returns: 1,
		}, s.Stats())
	})
}

func TestLeasesReturnsTheLeasesThatAreHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		assert.Empty(t, s.Leases())
		s.MarkLocal("g")
		f, g := takeOf("f", 2), takeOf("g", 1)
		first := c.checkout(f).Lease
		other := connectClient(t, n, "lic1")
		second := other.checkout(g).Lease
		time.Sleep(time.Minute)
		other.checkin(other.hold("f", 1))
		assert.ElementsMatch(t, []Lease{
			{ID: first, Request: f.Request, Instance: c.client.Instance, Feature: "f", Count: 2, Age: time.Minute},
			{ID: second, Request: g.Request, Instance: other.client.Instance, Feature: "g", Count: 1, Local: true},
		}, s.Leases())
	})
}

func TestOnCallSeesEveryCall(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		var seen []Call
		s.OnCall(func(call Call) { seen = append(seen, call) })
		take := takeOf("f", 1)
		c.reconnect(n, "lic1")
		lease := c.checkout(take).Lease
		c.beat(lease)
		c.checkin(lease)
		want := Call{Address: "lic1", Client: c.client}
		connect, checkout, heartbeat, checkin := want, want, want, want
		connect.Kind = Connects
		checkout.Kind, checkout.Takes = Checkouts, []transport.Take{take}
		heartbeat.Kind, heartbeat.Leases = Heartbeats, []messages.LeaseID{lease}
		checkin.Kind, checkin.Returns = Checkins, []transport.Return{{Lease: lease}}
		assert.Equal(t, []Call{connect, checkout, heartbeat, checkin}, seen)
		s.OnCall(nil)
		c.beat()
		assert.Len(t, seen, 4)
	})
}

func TestOnCallMayLoseTheCallThatItSees(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.OnCall(func(Call) { s.Restart() })
		_, err := c.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
		require.ErrorIs(t, err, ErrUnreachable)
		assert.Zero(t, s.Held("f"))
	})
}

func TestTamperMakesTheServerAnswerNonsense(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		unknown := messages.LeaseID{1}
		s.Tamper(func(call Call, reply *Reply) {
			reply.Identity.Epoch = 77
			reply.NotBefore = time.Minute
			if call.Kind == Checkouts {
				reply.Outcomes = nil
			}
			reply.Ended = append(reply.Ended, transport.Ended{Lease: unknown, Reason: messages.Revoked})
		})
		checkout, err := c.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
		require.NoError(t, err)
		assert.Empty(t, checkout.Outcomes)
		assert.Equal(t, 1, s.Held("f"), "it was executed")
		beat := c.beat()
		assert.Equal(t, []transport.Ended{{Lease: unknown, Reason: messages.Revoked}}, beat.Ended)
		assert.Equal(t, uint64(77), beat.Identity.Epoch)
		assert.Equal(t, time.Minute, beat.NotBefore)
		assert.Equal(t, uint64(1), s.Identity().Epoch)
	})
}

func TestTamperMayTurnAReplyIntoAnError(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		nonsense := errors.New("nonsense")
		s.Tamper(func(_ Call, reply *Reply) { reply.Err = nonsense })
		assert.ErrorIs(t, c.beatError(t.Context()), nonsense)
	})
}

func TestKindsHaveNames(t *testing.T) {
	names := []string{}
	for kind := range kinds + 1 {
		names = append(names, kind.String())
	}
	assert.Equal(t, []string{"connect", "checkout", "heartbeat", "checkin", "Kind(4)"}, names)
}
