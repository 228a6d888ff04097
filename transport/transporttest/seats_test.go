package transporttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

func TestALeaseThatNoBeatNamesIsFreedAtTheClientTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		beaten, left := c.hold("f", 1), c.hold("f", 1)
		time.Sleep(3 * time.Minute)
		c.beat(beaten)
		time.Sleep(2*time.Minute - time.Nanosecond)
		require.Equal(t, 2, s.Held("f"))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, s.Held("f"))
		c.ended(messages.Expired, left)
	})
}

func TestOtherCallsOfTheClientDoNotRenewALease(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		take := takeOf("f", 1)
		c.checkout(take)
		time.Sleep(4 * time.Minute)
		c.beat()
		c.checkout(take)
		c.checkin(messages.LeaseID{})
		c.reconnect(n, "lic1")
		time.Sleep(time.Minute)
		assert.Zero(t, s.Held("f"))
	})
}

func TestATombstoneLastsForTwoClientTimeouts(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, _ *Server, c *testClient) {
		take := takeOf("f", 1)
		lease := c.checkout(take).Lease
		time.Sleep(time.Minute)
		c.checkin(lease)
		time.Sleep(10*time.Minute - time.Nanosecond)
		c.ended(messages.Returned, lease)
		require.Equal(t, transport.Gone, c.checkout(take).Result)
		time.Sleep(time.Nanosecond)
		c.ended(messages.Unknown, lease)
		assert.Equal(t, transport.Granted, c.checkout(take).Result)
	})
}

func TestTheTombstoneOfAnExpiredLeaseCountsFromItsExpiry(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, _ *Server, c *testClient) {
		lease := c.hold("f", 1)
		time.Sleep(15*time.Minute - time.Nanosecond) // without a call meanwhile
		c.ended(messages.Expired, lease)
		time.Sleep(time.Nanosecond)
		c.ended(messages.Unknown, lease)
	})
}

func TestAReusedSlotDoesNotAnswerForItsFormerLease(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		old := c.hold("f", 1)
		c.checkin(old)
		time.Sleep(10 * time.Minute)
		renewed := c.hold("f", 1)
		require.Equal(t, old[:4], renewed[:4], "the slot is used again")
		c.ended(messages.Unknown, old)
		c.checkin(old)
		assert.Equal(t, 1, s.Held("f"))
	})
}

func TestSetClientTimeoutHoldsForLeasesThatAreHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		c.hold("f", 1)
		time.Sleep(time.Minute)
		gone := c.hold("f", 1)
		c.checkin(gone)
		s.SetClientTimeout(30 * time.Second)
		assert.Zero(t, s.Held("f"))
		assert.Equal(t, 30*time.Second, c.beat().ClientTimeout)
		time.Sleep(30*time.Second + 2*30*time.Second)
		c.ended(messages.Unknown, gone)
		s.SetClientTimeout(-1)
		assert.Equal(t, DefaultClientTimeout, c.beat().ClientTimeout)
	})
}

func TestFewerSeatsThanAreInUseEndNoLease(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		two, one := c.hold("f", 2), c.hold("f", 1)
		s.SetSeats("f", 1)
		assert.Empty(t, c.beat(two, one).Ended)
		c.checkin(one)
		c.refused(messages.NoSeats, takeOf("f", 1))
		c.checkin(two)
		c.hold("f", 1)
	})
}

func TestSetSeatsAddsAFeature(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		c.refused(messages.NoSuchFeature, takeOf("new", 1))
		s.SetSeats("new", 1)
		assert.Equal(t, messages.V(9, 9), c.checkout(takeOf("new", 1)).Version)
		s.SetSeats("none", -1)
		c.refused(messages.NoSeats, takeOf("none", 1))
	})
}

func TestAWithdrawnFeatureIsRefusedButItsLeasesLive(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		s.Withdraw("f")
		c.refused(messages.NoSuchFeature, takeOf("f", 1))
		assert.Empty(t, c.beat(lease).Ended)
		s.SetSeats("f", 2)
		c.hold("f", 1)
	})
}

func TestSetVersionDecidesWhatIsGrantedFromNowOn(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		before := takeOf("f", 1)
		c.checkout(before)
		s.SetVersion("f", messages.V(2, 1))
		take := takeOf("f", 1)
		take.Version = messages.V(2, 2)
		c.refused(messages.VersionTooLow, take)
		assert.Equal(t, messages.V(2, 1), c.checkout(takeOf("f", 1)).Version)
		assert.Equal(t, messages.V(9, 9), c.checkout(before).Version, "a repeat gets the same grant")
	})
}

func TestLocalLeasesNeverExpire(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		network := c.hold("f", 1)
		s.MarkLocal("f")
		o := c.checkout(takeOf("f", 1))
		require.True(t, o.Local)
		time.Sleep(24 * time.Hour)
		s.Restart()
		assert.Equal(t, 1, s.Held("f"))
		c.ended(messages.Unknown, network)
		assert.Empty(t, c.beat(o.Lease).Ended)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 1, s.Held("f"), "a beat does not make it a network lease")
		c.checkin(o.Lease)
		assert.Zero(t, s.Held("f"))
	})
}

func TestSeatsThatOtherClientsTookAreNotFree(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		require.Equal(t, 2, s.Take("f", 5))
		c.refused(messages.NoSeats, takeOf("f", 1))
		assert.Equal(t, 3, s.HeldTotal())
		time.Sleep(4 * time.Minute)
		c.beat(lease)
		assert.Equal(t, 1, s.PutBack("f", 1))
		c.hold("f", 1)
		assert.Equal(t, 1, s.PutBack("f", 9))
		assert.Zero(t, s.Take("f", -1))
		assert.Equal(t, 2, s.Held("f"))
	})
}

func TestAGrantBeyondTheSeatsIsMarked(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.SetSeats("f", 1)
		s.SetOverdraft("f", 2)
		first, past := takeOf("f", 1), takeOf("f", 2)
		assert.False(t, c.checkout(first).Overdraft)
		assert.True(t, c.checkout(past).Overdraft)
		assert.Equal(t, messages.NoSeats, c.checkout(takeOf("f", 1)).Reason)
		assert.Equal(t, 3, s.Held("f"))
		s.SetOverdraft("f", 0)
		c.beat()
		assert.Equal(t, 3, s.Held("f"), "no lease ends")
		assert.True(t, c.checkout(past).Overdraft, "a repeat is marked, too")
		assert.False(t, c.checkout(first).Overdraft)
		assert.Equal(t, messages.NoSeats, c.checkout(takeOf("f", 1)).Reason)
	})
}

func TestRevokedLeasesAreReportedAsRevoked(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		one, two, other := c.hold("f", 1), c.hold("f", 1), c.hold("g", 1)
		assert.Equal(t, 1, s.Revoke(one, one, messages.LeaseID{}))
		assert.Equal(t, 1, s.RevokeFeature("f"))
		c.ended(messages.Revoked, one)
		c.ended(messages.Revoked, two)
		assert.Empty(t, c.beat(other).Ended)
		assert.Equal(t, 1, s.HeldTotal())
	})
}

func TestEndReportsAnyReason(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		lease := c.hold("f", 1)
		assert.True(t, s.End(lease, messages.FeatureExpired))
		assert.False(t, s.End(lease, messages.Expired))
		c.checkin(lease)
		c.ended(messages.FeatureExpired, lease)
	})
}

func TestARequestIDUsedForOtherSeatsIsMalformed(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, _ *Server, c *testClient) {
		take := takeOf("f", 1)
		c.checkout(take)
		more, other := take, take
		more.Count, other.Feature = 2, "g"
		c.refused(messages.Malformed, more)
		c.refused(messages.Malformed, other)
	})
}

func TestTakesOutOfBoundsAreMalformed(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, _ *Server, c *testClient) {
		c.refused(messages.Malformed, transport.Take{Feature: "f", Count: 1})
		c.refused(messages.Malformed, takeOf("f", 0))
		c.refused(messages.Malformed, takeOf("f", messages.MaxCount+1))
		c.refused(messages.Malformed, takeOf("f", 1, make([]messages.RequestID, transport.MaxReplaces+1)...))
		itself := takeOf("f", 1)
		itself.Replaces = []messages.RequestID{itself.Request}
		c.refused(messages.Malformed, itself)
	})
}

func TestReplacingALeaseOfAnotherFeatureFreesItsSeatsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		g := takeOf("g", 1)
		c.checkout(g)
		s.Take("f", 3)
		c.refused(messages.NoSeats, takeOf("f", 1, g.Request))
		s.PutBack("f", 1)
		require.Equal(t, transport.Granted, c.checkout(takeOf("f", 1, g.Request)).Result)
		assert.Zero(t, s.Held("g"))
		assert.Equal(t, 3, s.Held("f"))
	})
}

func TestAControlNamesTheFeatureThatTheServerLacks(t *testing.T) {
	s := NewNetwork().AddServer("lic1", nil)
	const want = `transporttest: Take: server S1 has no feature "typo"`
	assert.PanicsWithValue(t, want, func() { s.Take("typo", 1) })
	assert.Panics(t, func() { s.SetVersion("typo", messages.V(1, 0)) })
	assert.Zero(t, s.Held("typo"))
}
