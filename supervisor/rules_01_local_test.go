package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func localF2(s *stage) { s.server(1).MarkLocal("f2") }

func TestRule1_ALocalLicenceIsNeverBeaten(t *testing.T) {
	onStage(t, 1, localF2, func(s *stage) {
		license := s.checkout()
		s.pass(3 * time.Hour)
		assert.Empty(s, s.wire.Calls(transporttest.Heartbeats))
		assert.Equal(s, 1, s.server(1).Held("f2"))
		assert.True(s, last[messages.CheckedOut](&s.events).Local)
		assert.Zero(s, license.Status().Deadline)
	})
}

func TestRule1_ALocalLicenceOutlivesItsServer(t *testing.T) {
	setup := func(s *stage) {
		localF2(s)
		s.config.EnforceTimeout = true
	}
	onStage(t, 1, setup, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.pass(3 * time.Hour)
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
		assert.Equal(s, messages.StateHeld, license.Status().State)
		s.server(1).Up()
	})
}

func TestRule1_ALocalLicenceHasNoPartInTheBreaksOfItsConnection(t *testing.T) {
	setup := func(s *stage) {
		localF2(s)
		s.config.EnforceTimeout = true
	}
	onStage(t, 1, setup, func(s *stage) {
		local := s.checkout()
		network := s.checkoutOf(messages.Checkout{Feature: "f3"})
		s.server(1).Down()
		s.untilTold("Lost(1) s1:1")
		assert.Equal(s, 1, last[messages.ConnectionLost](&s.events).Features)
		assert.Equal(s, messages.StateHeld, local.Status().State)
		<-network.Done()
		s.pass(time.Hour)
		assert.NoError(s, local.Err())
		s.server(1).Forget()
		s.pass(time.Hour)
		assert.NoError(s, local.Err())
		assert.Zero(s, s.server(1).Held("f2"), "nobody takes the seat of a local licence again")
	})
}

func TestRule1_HeartbeatOfALocalLicenceAsksNobody(t *testing.T) {
	onStage(t, 1, localF2, func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		tried := s.server(1).Stats().Tried
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Equal(s, tried, s.server(1).Stats().Tried)
	})
}

func TestRule1_ALocalSeatIsReturnedByCheckin(t *testing.T) {
	onStage(t, 1, localF2, func(s *stage) {
		require.NoError(s, s.checkout().Checkin(s.Context()))
		assert.Zero(s, s.server(1).Held("f2"))
	})
}
