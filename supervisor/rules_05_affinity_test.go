package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// untilLost waits for n failed beats in a row at s1:1, the first of which is number 1.
func (s *stage) untilLost(n int) (at time.Time) {
	s.Helper()
	for i := range n {
		at = s.untilTold(fmt.Sprintf("Lost(%d) s1:1", i+1))
	}
	return at
}

func TestRule5_BelowAttemptsOnlyTheOriginIsAsked(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		for n := 1; n < 5; n++ {
			s.untilTold(fmt.Sprintf("Lost(%d) s1:1", n))
			require.Equal(s, messages.StateReconnecting, license.Status().State)
			require.Equal(s, n, license.Status().Failed)
		}
		s.pass(40 * time.Second)
		assert.Zero(s, s.server(2).Stats().Tried)
		assert.Zero(s, s.server(3).Stats().Tried)
		s.server(1).Up()
	})
}

func TestRule5_ReturnsElsewhereGoOnBelowAttempts(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.checkout()
		s.server(1).SetSeats("f3", 0)
		elsewhere := s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.server(1).Down()
		s.untilLost(2)
		require.NoError(s, elsewhere.Checkin(s.Context()))
		assert.Zero(s, s.server(2).Held("f3"))
		s.server(1).Up()
	})
}

func TestRule5_AServerThatComesBackBelowAttemptsIsRecoveredFrom(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.untilLost(2)
		s.server(1).Up()
		s.untilTold("Retrying f2 s1:1")
		s.untilTold("Resumed f2 s1:1")
		assert.Equal(s, messages.StateHeld, license.Status().State)
		assert.Len(s, s.wire.Calls(transporttest.Checkouts), 1)
		assert.Zero(s, s.server(2).Stats().Tried)
	})
}
