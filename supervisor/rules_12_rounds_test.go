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
	withHarness(t, 1, rounds(3, 2), func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		h.events.take()
		h.server(1).Down()
		h.until("three failed beats", func() bool { return count[messages.ConnectionLost](&h.events) == 3 })
		require.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(1).Up()
		h.pass(10 * time.Minute)
		assert.Equal(h, []string{
			"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Retrying f2 s1:1", "Resumed f2 s1:1",
		}, h.events.texts())
	})
}

func TestRule12_WithOneRoundTheSameEndsInAnExit(t *testing.T) {
	withHarness(t, 1, rounds(3, 1), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.untilLost(3)
		h.server(1).Up()
		h.pass(time.Minute)
		assert.ErrorIs(h, license.Err(), messages.ErrExited)
	})
}

func TestRule12_EachFailedBeatFromAttemptsOnStartsARound(t *testing.T) {
	withHarness(t, 2, rounds(2, 3), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).Down()
		h.untilLost(4)
		<-license.Done()
		h.pass(time.Second)
		assert.Equal(h, 4, last[messages.Exited](&h.events).Failed, "beats 2, 3 and 4 sweep")
		assert.Equal(h, 3, h.server(2).Stats().Tried)
	})
}

func TestRule12_RefusalsDecideOnlyWhenNoRoundsAreLeft(t *testing.T) {
	withHarness(t, 2, rounds(1, 3), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		h.server(2).SetSeats("f2", 0)
		h.untilEvent("Failed f2 s2:1 NoSeats")
		h.untilEvent("Failed f2 s2:1 NoSeats")
		require.NoError(h, license.Err())
		h.untilEvent("Failed f2 s2:1 NoSeats")
		h.pass(0)
		assert.Equal(h, []string{"Lost f2 s2:1 NoSeats"}, h.events.texts())
	})
}

func TestRule12_ASeatThatGetsFreeBeforeTheLastRoundIsTaken(t *testing.T) {
	withHarness(t, 2, rounds(1, 3), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.server(2).SetSeats("f2", 0)
		h.untilEvent("Failed f2 s2:1 NoSeats")
		h.server(2).SetSeats("f2", 1)
		h.untilEvent("FailedOver f2 s1:1>s2:1")
	})
}

func TestRule12_ReachedButUndecidedMeansOneMoreBeat(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		busy(h.server(2), messages.Busy, 10*time.Second)
		h.untilLost(10)
		require.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(2).Down()
		<-license.Done()
		assert.ErrorIs(h, license.Err(), messages.ErrExited)
	})
}

func TestRule12_RoundsStartAgainAfterARecovery(t *testing.T) {
	withHarness(t, 1, rounds(2, 2), func(h *harness) {
		license := h.checkout()
		for range 3 {
			h.server(1).Down()
			h.untilLost(2)
			h.server(1).Up()
			h.untilEvent("Resumed f2 s1:1")
		}
		h.server(1).Down()
		<-license.Done()
		h.pass(time.Second)
		assert.Equal(h, 3, last[messages.Exited](&h.events).Failed)
	})
}

func TestRule12_RoundsStartAgainWhenTheFailedCountDoes(t *testing.T) {
	withHarness(t, 2, rounds(2, 2), func(h *harness) {
		license := h.checkout()
		h.server(2).SetSeats("f2", 0)
		h.refuseBeats()
		h.untilEvent("Failed f2 s2:1 NoSeats")
		require.Equal(h, messages.StateFailingOver, license.Status().State)
		h.checkoutOf(messages.Checkout{Feature: "f3"}) // its answer ends the count of failed heartbeats
		h.untilEvent("Lost(1) s1:1")
		h.untilEvent("Lost(2) s1:1")
		h.pass(time.Second)
		require.NoError(h, license.Err(), "the first round, not the second")
		h.untilEvent("Lost(3) s1:1")
		h.pass(time.Second)
		assert.ErrorIs(h, license.Err(), messages.ErrLost)
		h.server(1).ClearFaults()
	})
}
