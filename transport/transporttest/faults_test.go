package transporttest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// background makes a call on a goroutine of its own and returns where its error arrives.
func background(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	return result
}

func TestABlackHoleSwallowsRequestsUntilTheContextEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.BlackHole(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, c.beatError(ctx), context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(began))
		assert.Zero(t, s.Stats().Heartbeats, "it arrived")
		s.BlackHole(false)
		c.beat()
	})
}

func TestABlackHoleMaySwallowOneKindOfCall(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.BlackHole(true, Checkouts)
		c.beat()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.Checkout(ctx, []transport.Take{takeOf("f", 1)})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// breaks are the events that end a request under way.
var breaks = map[string]struct {
	happen func(*Network, *Server, *testClient)
	err    error
}{
	"Down":    {func(_ *Network, s *Server, _ *testClient) { s.Down() }, ErrUnreachable},
	"blip":    {func(_ *Network, s *Server, _ *testClient) { s.Down(); s.Up() }, ErrUnreachable},
	"Restart": {func(_ *Network, s *Server, _ *testClient) { s.Restart() }, ErrUnreachable},
	"Replace": {func(_ *Network, s *Server, _ *testClient) { s.Replace() }, ErrUnreachable},
	"Cut":     {func(n *Network, _ *Server, _ *testClient) { n.Cut("lic1"); n.Heal("lic1") }, ErrUnreachable},
	"Close":   {func(_ *Network, _ *Server, c *testClient) { _ = c.Close() }, ErrClosed},
}

func TestABreakEndsCallsThatHang(t *testing.T) {
	for name, b := range breaks {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
				s.BlackHole(true)
				result := background(func() error { return c.beatError(t.Context()) })
				synctest.Wait()
				b.happen(n, s, c)
				assert.ErrorIs(t, <-result, b.err)
			})
		})
	}
}

func TestABreakLosesTheRequestsUnderWay(t *testing.T) {
	for name, b := range breaks {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
				s.Delay(time.Second)
				began, result := time.Now(), background(func() error {
					_, err := c.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
					return err
				})
				synctest.Wait()
				b.happen(n, s, c)
				require.ErrorIs(t, <-result, b.err)
				assert.Zero(t, time.Since(began))
				time.Sleep(time.Minute)
				if name != "Close" { // a request that was sent before Close arrives
					assert.Zero(t, s.HeldTotal(), "it was executed all the same")
					assert.Zero(t, s.Stats().Checkouts, "it arrived all the same")
				}
			})
		})
	}
}

func TestADelayedRequestTakesItsTime(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Delay(3*time.Second, Heartbeats)
		began := time.Now()
		c.beat()
		assert.Equal(t, 3*time.Second, time.Since(began))
		s.Delay(0)
		c.beat()
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestADelayedRequestIsExecutedThoughItsCallerHasGone(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Delay(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		replaced := takeOf("f", 1)
		takes := []transport.Take{takeOf("f", 1, replaced.Request)}
		_, err := c.Checkout(ctx, takes)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		takes[0].Replaces[0], takes[0] = messages.RequestID{}, transport.Take{} // the caller owns the slices again
		assert.Zero(t, s.Held("f"))
		time.Sleep(time.Minute)
		assert.Equal(t, 1, s.Held("f"))
		assert.Equal(t, transport.Gone, c.checkout(replaced).Result)
	})
}

func TestADelayedRequestOfASupersededSessionIsNotExecuted(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		s.Delay(time.Second, Checkouts)
		older := c.Session
		result := background(func() error {
			_, err := older.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
			return err
		})
		synctest.Wait()
		c.reconnect(n, "lic1")
		require.ErrorIs(t, <-result, ErrSuperseded)
		assert.Zero(t, s.Held("f"))
	})
}

func TestADelayedReplyHasTheIdentityOfTheProcessThatSentIt(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.DelayReplies(time.Second)
		before := s.Identity()
		var reply transport.CheckoutReply
		result := background(func() (err error) {
			reply, err = c.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
			return err
		})
		synctest.Wait()
		assert.Equal(t, 1, s.Held("f"), "the request was executed at once")
		s.Restart()
		require.NoError(t, <-result)
		assert.Equal(t, before, reply.Identity)
	})
}

func TestADelayedReplyIsLostWhenTheServerGoesDown(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.DelayReplies(time.Second)
		result := background(func() error { return c.beatError(t.Context()) })
		synctest.Wait()
		s.Down()
		assert.ErrorIs(t, <-result, ErrUnreachable)
	})
}

func TestDropRepliesLosesTheAnswerButNotTheRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.DropReplies(1, Checkouts)
		take := takeOf("f", 1)
		c.beat() // of another kind
		_, err := c.Checkout(t.Context(), []transport.Take{take})
		require.ErrorIs(t, err, ErrReplyLost)
		assert.Nil(t, transport.AsRefusal(err))
		require.Equal(t, 1, s.Held("f"))
		assert.Equal(t, transport.Granted, c.checkout(take).Result)
		assert.Equal(t, 1, s.Held("f"))
	})
}

func TestDropRepliesCountsCallsOfAllItsKindsTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.DropReplies(2)
		require.ErrorIs(t, c.beatError(t.Context()), ErrReplyLost)
		_, err := c.Checkin(t.Context(), []transport.Return{{}})
		require.ErrorIs(t, err, ErrReplyLost)
		c.beat()
	})
}

func TestALostReplyMayBeARefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Refuse(&transport.Refusal{Reason: messages.Busy})
		s.DropReplies(1)
		assert.ErrorIs(t, c.beatError(t.Context()), ErrReplyLost)
	})
}

func TestADuplicatedRequestArrivesTwice(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Duplicate(1, 0)
		c.hold("f", 1)
		c.hold("f", 1)
		assert.Equal(t, 2, s.Held("f"))
		assert.Equal(t, 3, s.Stats().Takes)
	})
}

func TestACopyMayArriveMuchLater(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Duplicate(1, time.Minute, Checkouts)
		lease := c.hold("f", 1)
		c.checkin(lease)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 2, s.Stats().Takes)
		assert.Zero(t, s.Held("f"), "a request whose lease was returned is never executed again")
	})
}

func TestACopyUnderWayIsLostWithARestart(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.Duplicate(1, time.Minute)
		c.hold("f", 1)
		s.Forget()
		time.Sleep(2 * time.Minute)
		assert.Zero(t, s.Held("f"))
	})
}

func TestRefuseAnswersWithTheRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		busy := &transport.Refusal{Reason: messages.Busy, Message: "later", RetryAfter: time.Minute}
		s.Refuse(busy, Checkouts, Connects)
		want := *busy
		busy.Message = "the test owns it again"
		c.beat()
		_, err := c.Checkout(t.Context(), []transport.Take{takeOf("f", 1)})
		want.Hello = c.Hello()
		assert.Equal(t, &want, transport.AsRefusal(err))
		assert.Zero(t, s.Held("f"))
		_, err = n.Connect(t.Context(), "lic1")
		assert.Equal(t, &want, transport.AsRefusal(err))
		s.Refuse(nil)
		c.hold("f", 1)
	})
}

func TestARefusedConnectDoesNotSupersede(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		s.Refuse(&transport.Refusal{Reason: messages.Denied}, Connects)
		_, err := n.Connect(c.context(), "lic1")
		require.Error(t, err)
		c.beat()
	})
}

func TestCallsOutOfBoundsAreRefusedAsMalformed(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, _ *Server, c *testClient) {
		_, noTakes := c.Checkout(t.Context(), nil)
		_, takes := c.Checkout(t.Context(), make([]transport.Take, transport.MaxBatch+1))
		_, noReturns := c.Checkin(t.Context(), nil)
		_, returns := c.Checkin(t.Context(), make([]transport.Return, transport.MaxBatch+1))
		_, leases := c.Heartbeat(t.Context(), make([]messages.LeaseID, transport.MaxLeases+1))
		for _, err := range []error{noTakes, takes, noReturns, returns, leases} {
			require.NotNil(t, transport.AsRefusal(err), "%v", err)
			assert.Equal(t, messages.Malformed, transport.AsRefusal(err).Reason)
		}
	})
}

func TestClearFaultsEndsThemAll(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Network, s *Server, c *testClient) {
		s.BlackHole(true)
		s.DropReplies(9)
		s.Duplicate(9, 0)
		s.Delay(time.Second)
		s.DelayReplies(time.Second)
		s.Refuse(&transport.Refusal{Reason: messages.Busy})
		s.ClearFaults()
		began := time.Now()
		c.beat()
		assert.Zero(t, time.Since(began))
		assert.Equal(t, 1, s.Stats().Heartbeats)
	})
}

func TestAHalfOpenSessionLosesItsPacketsAndANewOneWorks(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, c *testClient) {
		s.DelayReplies(time.Second, Heartbeats)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		underWay := background(func() error { return c.beatError(ctx) })
		synctest.Wait()
		s.HalfOpen()
		s.ClearFaults()
		s.Restart()
		require.ErrorIs(t, <-underWay, context.DeadlineExceeded, "its reply is lost")
		arrived := s.Stats().Heartbeats
		ended, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, c.beatError(ended), context.DeadlineExceeded)
		assert.Equal(t, arrived, s.Stats().Heartbeats, "it arrived")
		session, err := n.Connect(t.Context(), "lic1")
		require.NoError(t, err)
		_, err = session.Heartbeat(t.Context(), nil)
		require.NoError(t, err)
	})
}
