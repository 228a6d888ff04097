package transporttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

func TestServersAreNumberedInTheOrderOfAdding(t *testing.T) {
	n := NewNetwork()
	one, two := n.AddServer("a", nil), n.AddServer("b", nil)
	assert.Equal(t, messages.Identity{ServerID: "S1", BootID: "S1-boot-1", Epoch: 1}, one.Identity())
	assert.Equal(t, messages.Identity{ServerID: "S2", BootID: "S2-boot-1", Epoch: 1}, two.Identity())
}

func TestAServerStartsWithTheDocumentedDefaults(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		assert.Equal(t, transport.Hello{Identity: s.Identity(), ClientTimeout: 5 * time.Minute}, c.Hello())
		assert.Equal(t, messages.V(9, 9), c.checkout(takeOf("f", 1)).Version)
	})
}

func TestDownFailsConnectsAndCallsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		s.Down()
		_, err := n.Connect(t.Context(), "lic1")
		require.ErrorIs(t, err, ErrUnreachable)
		assert.ErrorIs(t, c.beatError(t.Context()), ErrUnreachable)
		assert.Nil(t, transport.AsRefusal(err))
	})
}

func TestTheProcessLivesOnWhileItIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease, before := c.hold("f", 1), s.Identity()
		s.Down()
		time.Sleep(4 * time.Minute)
		s.Up()
		reply := c.beat(lease)
		assert.Equal(t, before, reply.Identity)
		assert.Empty(t, reply.Ended)
	})
}

func TestLeasesAgeWhileTheServerIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		s.Down()
		time.Sleep(5 * time.Minute)
		s.Up()
		c.ended(messages.Expired, lease)
	})
}

func TestRestartKeepsTheLedgerAndRenewsEveryLease(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease, returned := c.hold("f", 1), c.hold("f", 1)
		c.checkin(returned)
		time.Sleep(4 * time.Minute)
		s.Down()
		s.Restart()
		time.Sleep(4 * time.Minute)
		reply := c.beat(lease, returned)
		assert.Equal(t, messages.Identity{ServerID: "S1", BootID: "S1-boot-2", Epoch: 2}, reply.Identity)
		assert.Equal(t, []transport.Ended{{Lease: returned, Reason: messages.Returned}}, reply.Ended)
		assert.Equal(t, 1, s.Held("f"))
	})
}

func TestARestartDoesNotBringBackWhatHasExpired(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		time.Sleep(5 * time.Minute)
		s.Restart()
		c.ended(messages.Expired, lease)
	})
}

// lostLedger are the controls that lose the ledger, each with the identity afterwards of a server in epoch 3.
var lostLedger = map[string]struct {
	control func(*Server)
	after   messages.Identity
}{
	"Forget":   {(*Server).Forget, messages.Identity{ServerID: "S1", BootID: "S1-boot-4", Epoch: 4}},
	"Replace":  {(*Server).Replace, messages.Identity{ServerID: "S1.2", BootID: "S1-boot-4", Epoch: 1}},
	"Rollback": {(*Server).Rollback, messages.Identity{ServerID: "S1", BootID: "S1-boot-4", Epoch: 2}},
}

func TestALostLedgerKnowsNoLeaseAndNoRequest(t *testing.T) {
	for name, l := range lostLedger {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
				s.Restart()
				s.Restart()
				take := takeOf("f", 2)
				lease := c.checkout(take).Lease
				s.Take("f", 1)
				s.Down()
				l.control(s)
				assert.Zero(t, s.HeldTotal())
				c.ended(messages.Unknown, lease)
				again := c.checkout(take)
				assert.Equal(t, transport.Granted, again.Result)
				assert.NotEqual(t, lease, again.Lease)
				assert.Equal(t, l.after, s.Identity())
			})
		})
	}
}

func TestALostLedgerKeepsWhatTheTestSet(t *testing.T) {
	for name, l := range lostLedger {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
				s.SetSeats("f", 7)
				s.SetVersion("f", messages.V(1, 2))
				s.SetClientTimeout(time.Minute)
				s.MarkLocal("g")
				l.control(s)
				o := c.checkout(takeOf("f", 7))
				assert.Equal(t, transport.Granted, o.Result)
				assert.Equal(t, messages.V(1, 2), o.Version)
				assert.True(t, c.checkout(takeOf("g", 1)).Local)
				assert.Equal(t, time.Minute, c.beat().ClientTimeout)
			})
		})
	}
}

func TestTheEpochNeverGoesBelowZero(t *testing.T) {
	s := NewNetwork().AddServer("lic1", nil)
	s.Rollback()
	s.Rollback()
	assert.Equal(t, messages.Identity{ServerID: "S1", BootID: "S1-boot-3", Epoch: 0}, s.Identity())
}

func TestASupersededSessionStaysSupersededOnceTheLaterOneIsUsedAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		older := c.Session
		c.reconnect(n, "lic1")
		s.Restart()
		c.beat()
		_, err := older.Heartbeat(t.Context(), nil)
		assert.ErrorIs(t, err, ErrSuperseded)
	})
}

func TestARestartedServerAcceptsAnySessionUntilALaterOneIsUsed(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		older := c.Session
		c.reconnect(n, "lic1")
		s.Restart()
		_, err := older.Heartbeat(t.Context(), nil)
		require.NoError(t, err)
		c.beat()
		_, err = older.Heartbeat(t.Context(), nil)
		assert.ErrorIs(t, err, ErrSuperseded)
	})
}

func TestTheServerThatHasTheAddressServesTheSession(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		n.AddServer("lic1", map[string]int{"f": 1})
		n.Alias("elsewhere", s)
		assert.Equal(t, "S2", c.beat().Identity.ServerID)
		c.ended(messages.Unknown, lease)
		c.reconnect(n, "elsewhere")
		assert.Empty(t, c.beat(lease).Ended)
	})
}

func TestACutAddressLeavesTheOthersAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		n.Alias("lic1b", s)
		lease := c.hold("f", 1)
		n.Cut("lic1")
		assert.ErrorIs(t, c.beatError(t.Context()), ErrUnreachable)
		_, err := n.Connect(t.Context(), "lic1")
		assert.ErrorIs(t, err, ErrUnreachable)
		c.reconnect(n, "lic1b")
		assert.Empty(t, c.beat(lease).Ended)
		n.Heal("lic1")
		c.reconnect(n, "lic1")
		assert.Empty(t, c.beat(lease).Ended)
	})
}

func TestAnUnknownAddressIsUnreachable(t *testing.T) {
	n := NewNetwork()
	_, err := n.Connect(t.Context(), "nowhere")
	require.ErrorIs(t, err, ErrUnreachable)
	assert.Panics(t, func() { n.Cut("nowhere") })
	assert.Panics(t, func() { n.Heal("nowhere") })
}
