package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

func TestAnOlderSessionIsSupersededAndOneFromBeforeARestartIsAdopted(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		older := s.user(1)
		newer := s.user(1)
		_, err := older.beat()
		require.ErrorIs(t, err, errSuperseded)
		newer.held()

		s.restart()
		older.held() // nothing is known of either: it is adopted
		newer.held() // and superseded by the later one
		_, err = older.beat()
		require.ErrorIs(t, err, errSuperseded)

		anew := s.user(1)
		_, err = newer.beat()
		require.ErrorIs(t, err, errSuperseded)
		anew.held()
	})
}

func TestAnInstanceIsDeniedToOthersWhileItIsRemembered(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		u.granted(seats("f", 1))
		thief := u.holder
		thief.Identity = "thief"
		_, err := s.connect(thief, nil)
		assert.Equal(t, messages.Denied, reasonOf(t, err).reason)
		s.restart()
		_, err = s.clients.enter(thief, u.session, s.clock.now())
		assert.Equal(t, messages.Denied, reasonOf(t, err).reason, "the ledger knows whose it is")

		time.Sleep(15*time.Minute + 5*time.Second) // its lease expires and is forgotten
		assert.Zero(t, s.state().Clients)
		_, err = s.connect(thief, nil)
		assert.NoError(t, err)
	})
}

func TestAClientIsForgottenOnlyAfterTheClientTimeout(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		s.user(1)
		time.Sleep(5*time.Minute - time.Second)
		assert.Equal(t, 1, s.state().Clients)
		time.Sleep(3 * time.Second)
		assert.Zero(t, s.state().Clients)
	})
}

func TestASessionOpenedAfterARestartIsNewerThanAllBefore(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		s.user(1)
		before := s.user(1)
		s.restart()
		after := s.user(1)
		_, err := before.beat()
		require.ErrorIs(t, err, errSuperseded)
		after.held()
	})
}

func TestAClientWithACallInFlightIsNotForgotten(t *testing.T) {
	cs := newClients(Limits{Clients: 1, InFlight: 1}, time.Second)
	c, err := cs.enter(Holder{Instance: [16]byte{1}}, 1, 0)
	require.NoError(t, err)
	cs.forget(time.Hour)
	assert.Same(t, c, cs.get(c.index))
	c.leave(0)
	cs.forget(time.Hour)
	assert.Zero(t, cs.count())
}
