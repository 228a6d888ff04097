package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule8_ABlipTakesNoSecondSeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilLost(3)
		s.server(1).Up()
		s.untilTold("Retrying f2 s1:1")
		s.untilTold("Resumed f2 s1:1")
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1)
		assert.Equal(s, 1, s.mostHeld("s1:1"))
		assert.Equal(s, messages.StateHeld, license.Status().State)
	})
}

func TestRule8_ARestartFromTheLedgerTakesNoSecondSeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Restart()
		s.untilTold("Resumed f2 s1:1")
		s.untilBeaten(5)
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1)
		assert.Equal(s, 1, s.mostHeld("s1:1"))
	})
}

func TestRule8_ABeatThatTellsOfTheRestartIsNotRepeated(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Restart()
		s.untilTold("Resumed f2 s1:1")
		s.pass(time.Second)
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 2)
	})
}

func TestRule8_AfterABreakTheWholeListIsBeatenFirst(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		for range 3 {
			s.checkout()
		}
		s.server(1).Down()
		s.untilLost(1)
		before := s.wire.Len()
		s.server(1).Up()
		s.until("it answers", func() bool { return s.wire.CountAnswered(transporttest.Heartbeats) == 1 })
		for _, call := range s.wire.All()[before:] {
			if call.Kind != transporttest.Connects {
				assert.Len(s, call.Leases, 3, "%s", call)
				break
			}
		}
		s.pass(0)
		assert.Equal(s, 3, count[messages.CheckoutSucceeded](&s.events))
	})
}

func TestRule8_ACheckoutThatFindsARestartHasTheListBeaten(t *testing.T) {
	onStage(t, 1, beatingEvery(time.Hour, 5), func(s *stage) {
		s.checkout()
		s.server(1).Restart()
		s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.untilTold("Restarted s1:1")
		s.untilTold("Resumed f2 s1:1")
		assert.Len(s, s.wire.Calls(transporttest.Heartbeats), 1)
	})
}

func TestRule8_OnlyWhatTheServerEndedIsTakenAgain(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		kept, gone := s.checkout(), s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.untilBeaten(1)
		s.server(1).Down()
		s.untilLost(1)
		for _, lease := range s.server(1).Leases() {
			if lease.Feature == "f3" {
				require.True(s, s.server(1).End(lease.ID, messages.Expired))
			}
		}
		s.server(1).Up()
		s.untilTold("Resumed f2 s1:1")
		s.pass(0)
		assert.Equal(s, "f3", s.wire.Last(transporttest.Checkouts).Takes[0].Feature)
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 3)
		assert.Equal(s, messages.StateHeld, kept.Status().State)
		assert.Equal(s, messages.StateHeld, gone.Status().State)
		assert.Equal(s, 2, s.server(1).HeldTotal())
	})
}

func TestRule8_ALostLedgerMeansThatEverySeatIsTakenAgain(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		for range 3 {
			s.checkout()
		}
		s.untilBeaten(1)
		s.server(1).Forget()
		s.untilTold("Succeeded f2 s1:1")
		s.pass(time.Second)
		assert.Equal(s, 3, s.server(1).Held("f2"))
		assert.Equal(s, 3, s.mostHeld("s1:1"))
	})
}
