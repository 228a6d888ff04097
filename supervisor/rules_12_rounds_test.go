package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// The documented trace: servers {S1}, Attempts 3; S1 down: Lost(1), Lost(2), Lost(3); S1 up: Retrying, Succeeded; no exit.
func TestRule12_WithTwoRoundsAServerThatComesBackAfterTheFirstIsInTime(t *testing.T) {
	onStage(t, 1, rounds(3, 2), func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		s.events.take()
		s.server(1).Down()
		s.until("three failed beats", func() bool { return count[messages.ConnectionLost](&s.events) == 3 })
		require.Equal(s, messages.StateFailingOver, license.Status().State)
		s.server(1).Up()
		s.pass(10 * time.Minute)
		assert.Equal(s, []string{
			"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Retrying f2 s1:1", "Resumed f2 s1:1",
		}, s.events.texts())
	})
}

func TestRule12_WithOneRoundTheSameEndsInAnExit(t *testing.T) {
	onStage(t, 1, rounds(3, 1), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilLost(3)
		s.server(1).Up()
		s.pass(time.Minute)
		assert.ErrorIs(s, license.Err(), messages.ErrExited)
	})
}

func TestRule12_EachRoundIsAFailedBeatWithASweep(t *testing.T) {
	onStage(t, 2, rounds(2, 3), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).Down()
		s.untilLost(4)
		<-license.Done()
		s.pass(time.Second)
		assert.Equal(s, 4, last[messages.Exited](&s.events).Failed, "beats 2, 3 and 4 sweep")
		assert.Equal(s, 3, s.server(2).Stats().Tried)
	})
}

func TestRule12_RefusalsDecideOnlyWhenNoRoundsAreLeft(t *testing.T) {
	onStage(t, 2, rounds(1, 3), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).SetSeats("f2", 0)
		s.untilTold("Failed f2 s2:1 NoSeats")
		s.untilTold("Failed f2 s2:1 NoSeats")
		require.NoError(s, license.Err())
		s.untilTold("Failed f2 s2:1 NoSeats")
		s.pass(0)
		assert.Equal(s, []string{"Lost f2 s2:1 NoSeats"}, s.events.texts())
	})
}

func TestRule12_ASeatThatGetsFreeBeforeTheLastRoundIsTaken(t *testing.T) {
	onStage(t, 2, rounds(1, 3), func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.server(2).SetSeats("f2", 0)
		s.untilTold("Failed f2 s2:1 NoSeats")
		s.server(2).SetSeats("f2", 1)
		s.untilTold("FailedOver f2 s1:1>s2:1")
	})
}

func TestRule12_ReachedButUndecidedMeansOneMoreBeat(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		busy(s.server(2), messages.Busy, 10*time.Second)
		s.untilLost(10)
		require.Equal(s, messages.StateFailingOver, license.Status().State)
		s.server(2).Down()
		<-license.Done()
		assert.ErrorIs(s, license.Err(), messages.ErrExited)
	})
}

func TestRule12_RoundsStartAgainAfterARecovery(t *testing.T) {
	onStage(t, 1, rounds(2, 2), func(s *stage) {
		license := s.checkout()
		for range 3 {
			s.server(1).Down()
			s.untilLost(2)
			s.server(1).Up()
			s.untilTold("Resumed f2 s1:1")
		}
		s.server(1).Down()
		<-license.Done()
		s.pass(time.Second)
		assert.Equal(s, 3, last[messages.Exited](&s.events).Failed)
	})
}

func TestRule12_RoundsStartAgainWhenTheFailedCountDoes(t *testing.T) {
	onStage(t, 2, rounds(2, 2), func(s *stage) {
		license := s.checkout()
		s.server(2).SetSeats("f2", 0)
		s.deaf()
		s.untilTold("Failed f2 s2:1 NoSeats")
		require.Equal(s, messages.StateFailingOver, license.Status().State)
		s.checkoutOf(messages.Checkout{Feature: "f3"}) // an answer: the count of failed beats begins again
		s.untilTold("Lost(1) s1:1")
		s.untilTold("Lost(2) s1:1")
		s.pass(time.Second)
		require.NoError(s, license.Err(), "the first round, not the second")
		s.untilTold("Lost(3) s1:1")
		s.pass(time.Second)
		assert.ErrorIs(s, license.Err(), messages.ErrLost)
		s.server(1).ClearFaults()
	})
}
