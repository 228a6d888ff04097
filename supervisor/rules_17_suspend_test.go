package supervisor

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// slept lets tests move the wall clock, as a machine that sleeps does, while monotonic time stands still.
type slept struct{ ahead atomic.Int64 }

func (c *slept) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *slept) sleep(d time.Duration) { c.ahead.Add(int64(d)) }

func sleeping(c *slept) func(*stage) {
	return func(s *stage) {
		clientTimeout(5 * time.Minute)(s)
		s.config.wall = c.now
	}
}

func TestRule17_AMachineThatSleptBeatsAtOnce(t *testing.T) {
	var clock slept
	onStage(t, 1, sleeping(&clock), func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		beats := s.server(1).Stats().Heartbeats
		clock.sleep(2 * time.Minute)
		s.pass(10 * time.Second)
		assert.Equal(s, 2*time.Minute, last[messages.ClockJumped](&s.events).By)
		assert.Greater(s, s.server(1).Stats().Heartbeats, beats)
	})
}

func TestRule17_FailuresWithin30SecondsOfAJumpAreRepeatedAndNotCounted(t *testing.T) {
	var clock slept
	onStage(t, 1, sleeping(&clock), func(s *stage) {
		l := s.checkout()
		s.untilBeaten(1)
		s.server(1).Down()
		clock.sleep(2 * time.Minute)
		s.untilTold("ClockJumped")
		s.pass(25 * time.Second)
		assert.NotContains(s, s.events.names(), "ConnectionLost(1)")
		s.server(1).Up()
		s.pass(31 * time.Second)
		require.NoError(s, l.Err())
		assert.NotContains(s, s.events.names(), "ConnectionLost(1)")
		assert.NotZero(s, s.wire.Last(transporttest.Heartbeats).Sent)
	})
}

func TestRule17_ALeaseIsAsOldAsTheWallClockSays(t *testing.T) {
	var clock slept
	setup := func(s *stage) {
		sleeping(&clock)(s)
		s.config.EnforceTimeout = true
	}
	onStage(t, 1, setup, func(s *stage) {
		l := s.checkout()
		s.untilBeaten(1)
		clock.sleep(5 * time.Minute)
		s.pass(10 * time.Second)
		var lost *messages.LostError
		require.ErrorAs(s, l.Err(), &lost)
		assert.Equal(s, messages.TimedOut, lost.Reason)
	})
}

func TestRule17_ARetryAfterIsNotOverriddenByAJump(t *testing.T) {
	var clock slept
	onStage(t, 1, sleeping(&clock), func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		refusal := &transport.Refusal{Reason: messages.Busy, RetryAfter: 60 * time.Second}
		s.server(1).Refuse(refusal, transporttest.Heartbeats)
		beats := s.server(1).Stats().Heartbeats + 1
		s.until("a refused beat", func() bool { return s.server(1).Stats().Heartbeats == beats })
		clock.sleep(2 * time.Minute)
		s.pass(20 * time.Second)
		assert.Equal(s, beats, s.server(1).Stats().Heartbeats)
		s.server(1).ClearFaults()
	})
}
