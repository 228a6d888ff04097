package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// attempts makes heartbeats every minute, so many of which may fail.
func attempts(n int) func(*stage) {
	return func(s *stage) { s.config.Heartbeat = Heartbeat{Attempts: n, Interval: time.Minute} }
}

// rounds is attempts, with so many sweeps until it is decided.
func rounds(n, rounds int) func(*stage) {
	return func(s *stage) {
		s.config.Heartbeat = Heartbeat{Attempts: n, Interval: time.Minute, FailoverRounds: rounds}
	}
}

// deaf makes the first server refuse beats, and nothing else: it is reached, and yet beats fail.
func (s *stage) deaf() {
	s.server(1).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
}

func TestRule6_TheSweepBeginsAtOnceWhenAttemptsAreUsedUp(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		failed := s.untilLost(5)
		moved := s.untilTold("FailedOver f2 s1:1>s2:1")
		assert.Equal(s, failed, moved)
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Equal(s, messages.Server{ID: "S2", Address: "s2:1"}, license.Status().Server)
	})
}

func TestRule6_AFailoverIsToldAsAPairAndTheMove(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.untilTold("CheckedOut f2 s1:1")
		s.untilTold("Lost(1) s1:1")
		assert.Equal(s, []string{"Retrying f2 s2:1", "Succeeded f2 s2:1", "FailedOver f2 s1:1>s2:1"}, s.events.texts())
	})
}

func TestRule6_TheSweepAsksInSearchOrderAndTheOriginLast(t *testing.T) {
	onStage(t, 4, attempts(2), func(s *stage) {
		s.server(1).SetSeats("f2", 0)
		s.checkout() // from s2:1
		for _, n := range []int{3, 4} {
			s.server(n).SetSeats("f2", 0)
		}
		s.server(2).Refuse(&transport.Refusal{Reason: messages.Denied}, transporttest.Heartbeats)
		s.untilTold("Lost(2) s2:1")
		var asked []messages.Address
		for _, call := range s.wire.All()[2:] {
			if call.Kind == transporttest.Checkouts || call.Kind == transporttest.Heartbeats {
				asked = append(asked, call.Address)
			}
		}
		sweep := []messages.Address{"s1:1", "s3:1", "s4:1", "s2:1"}
		require.GreaterOrEqual(s, len(asked), 4)
		assert.Equal(s, sweep, asked[len(asked)-4:])
	})
}

func TestRule6_TheOriginIsAskedByABeatWhileALeaseMayBeLeft(t *testing.T) {
	onStage(t, 2, rounds(2, 3), func(s *stage) {
		s.checkout()
		s.server(2).SetSeats("f2", 0)
		s.deaf()
		s.untilTold("Failed f2 s2:1 NoSeats")
		s.untilTold("Failed f2 s2:1 NoSeats")
		assert.Len(s, s.wire.Calls(transporttest.Checkouts, "s1:1"), 1, "no seat is taken beside the lease")
		s.server(1).ClearFaults()
	})
}

func TestRule6_TheBeatOfASweepResumesTheLease(t *testing.T) {
	setup := func(s *stage) {
		attempts(2)(s)
		s.config.ConnectTimeout = 5 * time.Second
	}
	onStage(t, 2, setup, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).BlackHole(true)
		s.untilLost(2)
		s.server(1).Up() // while s2:1 is being asked
		s.untilTold("Resumed f2 s1:1")
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1)
		s.server(2).ClearFaults()
	})
}

func TestRule6_TheOriginIsAskedForSeatsWhenNoLeaseIsLeft(t *testing.T) {
	onStage(t, 2, rounds(2, 3), func(s *stage) {
		license := s.checkout()
		s.server(2).SetSeats("f2", 0)
		s.server(1).Forget()
		s.server(1).BlackHole(true, transporttest.Checkouts)
		s.untilTold("Retrying f2 s1:1")
		s.deaf()
		s.untilTold("Failed f2 s1:1 Unanswered")
		require.Equal(s, messages.StateFailingOver, license.Status().State)
		s.server(1).BlackHole(false, transporttest.Checkouts)
		s.untilTold("Retrying f2 s1:1")
		s.untilTold("Succeeded f2 s1:1")
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Zero(s, count[messages.FailedOver](&s.events), "it is the same server")
		assert.Equal(s, 1, s.mostHeld("s1:1"))
		s.server(1).ClearFaults()
	})
}

func TestRule6_EveryFeatureOfTheConnectionSweeps(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		for range 5 {
			s.checkout()
		}
		s.server(1).Down()
		s.untilTold("Lost(1) s1:1")
		s.pass(time.Second)
		assert.Equal(s, 5, count[messages.FailedOver](&s.events))
		assert.Equal(s, 5, s.server(2).Held("f2"))
		s.server(1).Up()
	})
}
