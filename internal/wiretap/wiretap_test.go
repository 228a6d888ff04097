package wiretap

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// client calls a fake server through a tap, as a runtime with defects might.
type client struct {
	*testing.T
	network    *transporttest.Network
	server     *transporttest.Server
	transport  transport.Transport
	session    transport.Session
	calls      Recorder
	invariants *Invariants
	violations []string
}

// withClient runs a test in a bubble of virtual time, with a session to a fake server that has 10 seats of f2.
func withClient(t *testing.T, slack time.Duration, test func(*client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &client{T: t, network: transporttest.NewNetwork()}
		c.server = c.network.AddServer("s1:1", map[string]int{"f2": 10})
		c.invariants = NewInvariants(slack, func(format string, args ...any) {
			c.violations = append(c.violations, fmt.Sprintf(format, args...))
		})
		c.transport = New(c.network, c.calls.Observer(), c.invariants.Observer())
		c.session = c.connect()
		test(c)
	})
}

func (c *client) connect() transport.Session {
	c.Helper()
	session, err := c.transport.Connect(c.Context(), "s1:1")
	require.NoError(c, err)
	return session
}

// take takes a seat with request number n, in the place of others.
func (c *client) take(n byte, replaces ...byte) messages.LeaseID {
	c.Helper()
	take := transport.Take{Request: messages.RequestID{n}, Feature: "f2", Count: 1}
	for _, r := range replaces {
		take.Replaces = append(take.Replaces, messages.RequestID{r})
	}
	reply, err := c.session.Checkout(c.Context(), []transport.Take{take})
	require.NoError(c, err)
	return reply.Outcomes[0].Lease
}

func (c *client) beat(leases ...messages.LeaseID) {
	c.Helper()
	_, err := c.session.Heartbeat(c.Context(), leases)
	require.NoError(c, err)
}

func (c *client) giveBack(r transport.Return) {
	c.Helper()
	_, err := c.session.Checkin(c.Context(), []transport.Return{r})
	require.NoError(c, err)
}

func byRequest(n byte) transport.Return { return transport.Return{Request: messages.RequestID{n}} }

// close closes the session and says that the runtime was closed.
func (c *client) close() {
	assert.NoError(c, c.session.Close())
	assert.NoError(c, c.session.Close(), "twice is once")
	c.invariants.Close()
}

func TestAnOrderlyRuntimeViolatesNothing(t *testing.T) {
	withClient(t, 0, func(c *client) {
		lease := c.take(1)
		c.beat(lease)
		c.server.End(lease, messages.Expired)
		c.beat(lease)
		again := c.take(2, 1)
		c.beat(again)
		c.giveBack(byRequest(2))
		c.take(3, 2)
		c.giveBack(byRequest(3))
		c.close()
		assert.Empty(c, c.violations)
	})
}

func TestRule13_ARequestThatIsSentAfterItsReturnIsReported(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.take(1)
		c.giveBack(byRequest(1))
		_, _ = c.session.Checkout(c.Context(), []transport.Take{{Request: messages.RequestID{1}, Feature: "f2", Count: 1}})
		assert.Empty(c, c.violations, "what is sent in the same instant may have been sent before")
		time.Sleep(time.Nanosecond)
		c.giveBack(byRequest(1)) // the first return counts
		_, _ = c.session.Checkout(c.Context(), []transport.Take{{Request: messages.RequestID{1}, Feature: "f2", Count: 1}})
		assert.Equal(c, []string{"rule 13: a request of f2 was sent to S1 after its return"}, c.violations)
	})
}

func TestRule13_ARequestWhoseLeaseWasReturnedIsReturned(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.giveBack(transport.Return{Lease: c.take(1)})
		time.Sleep(time.Nanosecond)
		_, _ = c.session.Checkout(c.Context(), []transport.Take{{Request: messages.RequestID{1}, Feature: "f2", Count: 1}})
		assert.Equal(c, []string{"rule 13: a request of f2 was sent to S1 after its return"}, c.violations)
	})
}

func TestRule14_ALeaseThatIsBeatenAfterItsReturnIsReported(t *testing.T) {
	for slack, want := range map[time.Duration][2]int{0: {1, 2}, 1: {0, 1}, time.Second: {0, 0}} {
		withClient(t, slack, func(c *client) {
			lease := c.take(1)
			c.giveBack(byRequest(1))
			c.beat(lease)
			assert.Len(c, c.violations, want[0], "in the same instant, with a slack of %s", slack)
			time.Sleep(time.Nanosecond)
			c.beat(lease)
			assert.Len(c, c.violations, want[1], "a nanosecond later, with a slack of %s", slack)
			time.Sleep(time.Second)
			c.beat(lease)
			assert.Equal(c, "rule 14: a lease of S1 was beaten after its return", c.violations[len(c.violations)-1])
		})
	}
}

func TestRule6_ATakeThatReplacesABeatenLeaseIsReportedAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end        func(*client, messages.LeaseID)
		violations int
	}{
		"not ended":            {func(*client, messages.LeaseID) {}, 1},
		"reported ended":       {func(c *client, l messages.LeaseID) { c.server.End(l, messages.Expired); c.beat(l) }, 0},
		"returned":             {func(c *client, _ messages.LeaseID) { c.giveBack(byRequest(1)) }, 0},
		"returned by lease":    {func(c *client, l messages.LeaseID) { c.giveBack(transport.Return{Lease: l}) }, 0},
		"answered as gone":     {func(c *client, l messages.LeaseID) { c.server.End(l, messages.Expired); c.take(1) }, 0},
		"server replaced":      {func(c *client, _ messages.LeaseID) { c.invariants.MayReplaceAt("S1") }, 0},
		"other server":         {func(c *client, _ messages.LeaseID) { c.invariants.MayReplaceAt("S2") }, 1},
		"ended, not yet known": {func(c *client, l messages.LeaseID) { c.server.End(l, messages.Expired) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			withClient(t, 0, func(client *client) {
				lease := client.take(1)
				client.beat(lease)
				c.end(client, lease)
				client.take(2, 1)
				assert.Empty(client, client.violations, "the server may turn out to be replaced")
				client.close()
				assert.Len(client, client.violations, c.violations)
				if c.violations > 0 {
					assert.Equal(client, "rule 6: a take of f2 at S1 replaces a lease that was not reported ended", client.violations[0])
				}
			})
		})
	}
}

func TestRule6_ALeaseThatWasNeverBeatenMayBeReplaced(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.take(1)
		c.take(2, 1)
		c.close()
		assert.Empty(c, c.violations)
	})
}

// overlap sends two heartbeats, the second one second after the first, which is answered after two.
func (c *client) overlap(first, second []messages.LeaseID) {
	c.server.Delay(2*time.Second, transporttest.Heartbeats)
	go c.beat(first...)
	time.Sleep(time.Second)
	c.server.ClearFaults()
	c.beat(second...)
	time.Sleep(time.Minute)
	synctest.Wait()
}

func TestRule4_AHeartbeatThatOverlapsAnotherIsReported(t *testing.T) {
	chunk := make([]messages.LeaseID, transport.MaxLeases)
	for name, c := range map[string]struct {
		slack         time.Duration
		first, second []messages.LeaseID
		violations    []string
	}{
		"exactly":              {violations: []string{"rule 4: a heartbeat to S1 began while another one was in flight"}},
		"within the slack":     {slack: time.Second},
		"the first is a chunk": {first: chunk},
		"the next is a chunk":  {second: chunk},
	} {
		t.Run(name, func(t *testing.T) {
			withClient(t, c.slack, func(client *client) {
				client.overlap(c.first, c.second)
				assert.Equal(client, c.violations, client.violations)
			})
		})
	}
}

func TestRule4_AHeartbeatMayFollowInTheInstantInWhichAnotherEnds(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.server.Delay(2*time.Second, transporttest.Heartbeats)
		go c.beat()
		time.Sleep(2 * time.Second)
		c.server.ClearFaults()
		c.beat()
		synctest.Wait()
		assert.Empty(c, c.violations)
	})
}

func TestRule4_AHeartbeatThatNeverEndsIsReportedAtTheEnd(t *testing.T) {
	withClient(t, 0, func(c *client) {
		ctx, cancel := context.WithCancel(c.Context())
		c.server.BlackHole(true, transporttest.Heartbeats)
		go func() { _, _ = c.session.Heartbeat(ctx, nil) }()
		synctest.Wait()
		c.server.ClearFaults()
		c.beat()
		c.invariants.sessionClosed()
		c.invariants.Close()
		assert.Equal(c, []string{"rule 4: a heartbeat to S1 began while another one was in flight, which never ended"}, c.violations)
		cancel()
	})
}

func TestRule20_ASessionThatIsOpenAfterCloseIsReported(t *testing.T) {
	withClient(t, 0, func(c *client) {
		left := c.connect()
		c.close()
		assert.Equal(c, []string{"rule 20: 1 sessions are open after Close"}, c.violations)
		assert.NoError(c, left.Close())
	})
}

func TestRule20_ACallThatIsSentAfterCloseIsReported(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.close()
		_, _ = c.session.Heartbeat(c.Context(), nil)
		_, _ = c.transport.Connect(c.Context(), "nowhere:1")
		assert.Equal(c, []string{"rule 20: a heartbeat was sent after Close", "rule 20: a connect was sent after Close"}, c.violations)
	})
}

func TestRecorderKeepsCallsAndAnswersInTheOrderOfSending(t *testing.T) {
	withClient(t, 0, func(c *client) {
		began := time.Now()
		lease := c.take(1)
		c.server.Delay(time.Second, transporttest.Heartbeats)
		c.server.End(lease, messages.Expired)
		c.beat(lease)
		c.server.Refuse(&transport.Refusal{Reason: messages.Busy}, transporttest.Checkins)
		_, err := c.session.Checkin(c.Context(), []transport.Return{byRequest(1)})
		require.Error(c, err)
		go c.beat()
		synctest.Wait()

		all := c.calls.All()
		require.Len(c, all, 5)
		assert.Equal(c, 5, c.calls.Len())
		var kinds []transporttest.Kind
		for _, call := range all {
			kinds = append(kinds, call.Kind)
			assert.Equal(c, transport.Address("s1:1"), call.Address)
		}
		assert.Equal(c, []transporttest.Kind{
			transporttest.Connects, transporttest.Checkouts, transporttest.Heartbeats, transporttest.Checkins, transporttest.Heartbeats,
		}, kinds)
		assert.Empty(c, all[0].ServerID, "a connect does not know whom it will reach")
		assert.Equal(c, "S1", all[1].ServerID)
		assert.Equal(c, messages.RequestID{1}, all[1].Takes[0].Request)
		assert.Equal(c, lease, all[1].Answer.Outcomes[0].Lease)
		assert.Equal(c, []messages.LeaseID{lease}, all[2].Leases)
		assert.Equal(c, []transport.Ended{{Lease: lease, Reason: messages.Expired}}, all[2].Answer.Ended)
		assert.Equal(c, began, all[2].Sent)
		assert.Equal(c, began.Add(time.Second), all[2].Answer.Time)
		assert.Equal(c, []transport.Return{byRequest(1)}, all[3].Returns)
		assert.ErrorIs(c, all[3].Answer.Err, err)
		assert.False(c, all[3].Answered(), "a refusal is no answer")
		assert.False(c, all[4].Answered(), "it is in flight")
		assert.Contains(c, all[3].String(), "checkin s1:1: 0 takes, 0 leases, 1 returns, ")

		assert.Len(c, c.calls.Calls(transporttest.Heartbeats), 2)
		assert.Len(c, c.calls.Answered(transporttest.Heartbeats), 1)
		assert.Equal(c, 1, c.calls.CountAnswered(transporttest.Heartbeats))
		assert.Empty(c, c.calls.Calls(transporttest.Heartbeats, "s2:1"))
		assert.Equal(c, all[4], c.calls.Last(transporttest.Heartbeats, "s1:1"))
		time.Sleep(time.Minute)
	})
}

func TestASessionLeadsToTheServerThatAnsweredLast(t *testing.T) {
	withClient(t, 0, func(c *client) {
		c.server.Replace()
		c.server.Refuse(&transport.Refusal{Reason: messages.Busy, Hello: transport.Hello{Identity: c.server.Identity()}})
		_, err := c.session.Heartbeat(c.Context(), nil)
		require.Error(c, err)
		c.server.ClearFaults()
		c.beat()
		assert.Equal(c, "S1", c.calls.Calls(transporttest.Heartbeats)[0].ServerID)
		assert.Equal(c, c.server.Identity().ServerID, c.calls.Last(transporttest.Heartbeats).ServerID)
		assert.NotEqual(c, "S1", c.server.Identity().ServerID)
	})
}

func TestACallThatAnObserverStopsIsNotSent(t *testing.T) {
	withClient(t, 0, func(c *client) {
		stop := errors.New("no more calls")
		var answers []error
		observer := Observer{
			Sent:     func(context.Context, *Call) error { return stop },
			Answered: func(_ *Call, a Answer) { answers = append(answers, a.Err) },
		}
		_, err := New(c.network, observer, Observer{}).Connect(c.Context(), "s1:1")
		assert.ErrorIs(c, err, stop)
		assert.Equal(c, []error{stop}, answers)
		assert.Equal(c, 1, c.server.Stats().Connects, "that of the client itself")
	})
}
