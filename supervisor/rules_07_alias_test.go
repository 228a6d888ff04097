package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// twoNames gives the one server s1:1 a second address, b1:1, and both are in the search list.
func twoNames(s *stage) {
	s.net.Alias("b1:1", s.server(1))
	s.config.Servers = append(s.config.Servers, "b1:1")
}

// learnBoth makes the runtime meet the server at its second address, too.
func (s *stage) learnBoth() {
	s.Helper()
	s.net.Cut("s1:1")
	s.checkoutOf(messages.Checkout{Feature: "f3"})
	s.net.Heal("s1:1")
	s.checkoutOf(messages.Checkout{Feature: "f3"})
}

func TestRule7_TwoAddressesOfOneServerAreOneConnection(t *testing.T) {
	onStage(t, 1, twoNames, func(s *stage) {
		s.checkout()
		s.net.Cut("s1:1")
		s.checkout()
		s.net.Heal("s1:1")
		s.untilBeaten(1)
		assert.Len(s, s.rt.Status().Connections, 1)
		assert.Len(s, s.wire.Last(transporttest.Heartbeats).Leases, 2)
	})
}

func TestRule7_TheOriginAtAnotherAddressIsAReconnect(t *testing.T) {
	t.Run("rule 7: between two beats", func(t *testing.T) {
		onStage(t, 1, twoNames, func(s *stage) {
			s.learnBoth()
			license := s.checkout()
			s.untilBeaten(1)
			taken := s.server(1).Stats().Takes
			s.net.Cut("s1:1")
			s.net.Cut("b1:1")
			s.untilLost(1)
			s.net.Heal("b1:1")
			s.untilTold("Resumed f2 b1:1")
			assert.Equal(s, messages.Server{ID: "S1", Address: "b1:1"}, license.Status().Server)
			assert.Equal(s, taken, s.server(1).Stats().Takes, "no seat is taken")
		})
	})
	t.Run("rule 7: in a sweep", func(t *testing.T) {
		setup := func(s *stage) {
			attempts(2)(s)
			twoNames(s)
		}
		onStage(t, 1, setup, func(s *stage) {
			license := s.checkout()
			s.untilBeaten(1)
			s.net.Cut("s1:1")
			s.untilLost(2)
			s.untilTold("Resumed f2 b1:1")
			assert.Equal(s, messages.StateHeld, license.Status().State)
			assert.Equal(s, 1, s.mostHeld("s1:1"), "no second seat, not even for a moment")
			assert.Zero(s, count[messages.FailedOver](&s.events))
		})
	})
}

func TestRule7_TwoNamesInTheSearchListTakeOneSeat(t *testing.T) {
	onStage(t, 1, twoNames, func(s *stage) {
		s.server(1).DropReplies(1, transporttest.Checkouts)
		s.checkout()
		s.pass(time.Minute)
		assert.Equal(s, 1, s.server(1).Held("f2"))
	})
}

func TestRule7_AServerThatAnswersElsewhereIsResumedThere(t *testing.T) {
	onStage(t, 1, twoNames, func(s *stage) {
		s.learnBoth()
		license := s.checkout()
		at := license.Status().Server.Address
		s.untilBeaten(1)
		taken := s.server(1).Stats().Takes
		stranger := s.net.AddServer("x1:1", map[string]int{"f2": 10, "f3": 10})
		s.net.Alias(at, stranger)
		s.untilTold("Replaced " + string(at))
		s.pass(time.Minute)
		assert.Equal(s, "S1", license.Status().Server.ID)
		assert.NotEqual(s, at, license.Status().Server.Address)
		assert.Equal(s, taken, s.server(1).Stats().Takes, "no seat is taken")
		assert.Zero(s, stranger.HeldTotal())
		assert.Zero(s, stranger.Stats().Takes)
	})
}

func TestRule7_AReplacedServerGetsItsSeatsBackWhenItIsHeardAgain(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		old := s.server(1)
		stranger := s.net.AddServer("x1:1", map[string]int{"f2": 10})
		s.net.Alias("s1:1", stranger)
		s.untilTold("Succeeded f2 s1:1")
		require.Equal(s, "S3", license.Status().Server.ID)
		require.Equal(s, 1, old.Held("f2"))
		s.net.Alias("s2:1", old)                       // it comes back under the other name
		s.checkoutOf(messages.Checkout{Feature: "f3"}) // the stranger has none: s2:1 is asked
		s.pass(time.Second)
		assert.Zero(s, old.Held("f2"))
		assert.Equal(s, 1, stranger.Held("f2"))
		assert.NoError(s, license.Err())
	})
}
