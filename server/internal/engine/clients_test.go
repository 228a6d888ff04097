package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
)

func TestAnOlderSessionIsSupersededAndOneFromBeforeARestartIsAdopted(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		older := s.user(1)
		newer := s.user(1)
		_, err := older.beat()
		require.ErrorIs(t, err, seats.ErrSuperseded)
		newer.held()

		s.restart()
		older.held() // the server knows neither session, and adopts this one
		newer.held() // and superseded by the later one
		_, err = older.beat()
		require.ErrorIs(t, err, seats.ErrSuperseded)

		anew := s.user(1)
		_, err = newer.beat()
		require.ErrorIs(t, err, seats.ErrSuperseded)
		anew.held()
	})
}

func TestAnInstanceIsDeniedToOthersWhileItIsRemembered(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		u.granted(take("f", 1))
		thief := u.holder
		thief.Identity = "thief"
		_, err := s.Connect(thief, nil, nil)
		assert.Equal(t, messages.Denied, reasonOf(t, err).Reason)
		s.restart()
		_, err = s.clients.Enter(thief, u.session, s.clock.now())
		assert.Equal(t, messages.Denied, reasonOf(t, err).Reason, "the ledger knows whose it is")

		time.Sleep(15*time.Minute + 5*time.Second) // its lease expires and is forgotten
		assert.Zero(t, s.state().Clients)
		_, err = s.Connect(thief, nil, nil)
		assert.NoError(t, err)
	})
}

func TestAClientIsForgottenOnlyAfterTheClientTimeout(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		s.user(1)
		time.Sleep(4 * time.Second)
		assert.Equal(t, 1, s.state().Clients)
		time.Sleep(3 * time.Second)
		assert.Zero(t, s.state().Clients, "it holds nothing")
		time.Sleep(5*time.Minute - 8*time.Second)
		assert.Equal(t, 1, s.clients.Remembered())
		time.Sleep(3 * time.Second)
		assert.Zero(t, s.clients.Remembered())
	})
}

func TestASessionOpenedAfterARestartIsNewerThanAllBefore(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		s.user(1)
		before := s.user(1)
		s.restart()
		after := s.user(1)
		_, err := before.beat()
		require.ErrorIs(t, err, seats.ErrSuperseded)
		after.held()
	})
}
