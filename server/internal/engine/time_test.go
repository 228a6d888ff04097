package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestALeaseLivesForTheClientTimeoutAfterItsLastBeat(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		beaten, left := u.granted(take("f", 1)), u.granted(take("f", 1))
		for range 3 {
			time.Sleep(4 * time.Minute)
			u.held(beaten)
		}
		u.ended(left, messages.Expired)
		time.Sleep(5*time.Minute - time.Second)
		assert.Equal(t, 1, s.state().Leases)
		time.Sleep(3 * time.Second)
		assert.Equal(t, 0, s.state().Leases)
	})
}

func TestARestartGivesEveryLeaseAFullClientTimeout(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 2))
		before := s.identity
		time.Sleep(4 * time.Minute)
		s.restart()
		assert.Equal(t, before.ServerID, s.identity.ServerID)
		assert.Equal(t, before.Epoch+1, s.identity.Epoch)
		assert.NotEqual(t, before.BootID, s.identity.BootID)
		time.Sleep(5*time.Minute - time.Second)
		u.held(lease)
		other := s.user(2)
		o, err := other.checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, o.Reason)
	})
}

func TestTheClientTimeoutOfReloadedLeasesBeginsWhenTheServerCanBeReached(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 1))
		require.NoError(t, s.Stop())
		e, err := New(s.config)
		require.NoError(t, err)
		s.Engine = e
		time.Sleep(time.Hour) // the leases are loaded, and nobody listens yet
		e.Open()
		time.Sleep(4 * time.Minute)
		u.held(lease)
	})
}

func TestEndsAreRememberedForTwoClientTimeoutsAlsoAfterARestart(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		t1 := take("f", 1)
		lease := u.granted(t1)
		require.NoError(t, u.call(func(c *seats.Client) error {
			return s.Checkin(t.Context(), c, []messages.LeaseID{lease}, nil)
		}))
		time.Sleep(9 * time.Minute)
		u.ended(lease, messages.Returned)
		s.restart()
		time.Sleep(9 * time.Minute)
		u.ended(lease, messages.Returned)
		o, err := u.checkout(t1)
		require.NoError(t, err)
		assert.Equal(t, seats.Outcome{Result: seats.Gone, Reason: messages.Returned}, o)
		time.Sleep(2 * time.Minute)
		u.ended(lease, messages.Unknown)
		assert.Zero(t, s.state().Ended)
	})
}

func TestAStallExtendsEveryLease(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 1))
		time.Sleep(4 * time.Minute)
		l.sleep.Store(int64(time.Hour))
		time.AfterFunc(time.Second, func() { l.sleep.Store(0) }) // it sleeps once
		u.granted(take("f", 1))
		time.Sleep(55 * time.Second)
		assert.Equal(t, 2, s.state().Leases)
		u.held(lease)
	})
}

func TestAfterAStallWaitingBeatsAreReadBeforeAnythingExpires(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 1))
		time.Sleep(5*time.Minute - time.Millisecond) // all but expired
		l.sleep.Store(int64(time.Minute))
		time.AfterFunc(time.Second, func() { l.sleep.Store(0) }) // it sleeps once
		u.granted(take("f", 1))
		time.Sleep(5 * time.Second)
		u.held(lease)
	})
}

func TestALicenceThatRunsOutEndsItsLeasesForGood(t *testing.T) {
	features := []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 5000, Expires: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)}}
	inBubble(t, Config{Features: features}, func(t *testing.T, s *harness) {
		u := s.user(1)
		leases := make([]messages.LeaseID, 3000) // more than one round ends
		for i := range leases {
			leases[i] = u.granted(take("f", 1))
		}
		for range 14 {
			time.Sleep(4 * time.Minute)
			u.held(leases...)
		}
		time.Sleep(4*time.Minute + 2*time.Second)
		gone, err := u.beat(leases...)
		require.NoError(t, err)
		require.Len(t, gone, len(leases))
		assert.Equal(t, messages.FeatureExpired, gone[0].Reason)
		o, err := u.checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, seats.Outcome{Result: seats.Refused, Reason: messages.FeatureExpired, Message: "the licence has run out"}, o)
	})
}

func TestManyLeasesExpireInManyRounds(t *testing.T) {
	features := []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 10_000}}
	inBubble(t, Config{Features: features}, func(t *testing.T, s *harness) {
		u := s.user(1)
		for range 10_000 {
			u.granted(take("f", 1))
		}
		time.Sleep(5*time.Minute + 2*time.Second)
		assert.Zero(t, s.state().Leases)
		assert.Equal(t, 10_000, s.state().Ended)
		time.Sleep(10*time.Minute + time.Second)
		assert.Zero(t, s.state().Ended)
	})
}

func TestARepeatedTakeRenewsItsLease(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u, take := s.user(1), take("f", 1)
		lease := u.granted(take)
		time.Sleep(4 * time.Minute)
		u.granted(take)
		time.Sleep(4 * time.Minute)
		u.held(lease)
	})
}

func TestALeaseThatIsForgottenIsNotTakenForTheNextInItsSlot(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		u := s.user(1)
		old := u.granted(take("f", 1))
		time.Sleep(16 * time.Minute)
		next := u.granted(take("f", 1))
		require.Equal(t, old[:4], next[:4], "the slot is used again")
		u.ended(old, messages.Unknown)
		time.Sleep(4 * time.Minute)
		u.ended(old, messages.Unknown)
		time.Sleep(2 * time.Minute)
		u.ended(next, messages.Expired) // heartbeats of the old lease did not renew it
	})
}

// On an overloaded machine every tick came late, and each late tick suspended all expiry for another grace period, so that a
// lease without heartbeats lived for ever.
func TestLeasesEndThoughEveryTickIsLate(t *testing.T) {
	w := stallDetector{interval: time.Second}
	const grace = 10 * time.Second
	now, raw, expired := time.Duration(0), time.Duration(0), 0
	for range 100 {
		raw += 3 * time.Second
		stall := w.tick(raw)
		require.Equal(t, 2*time.Second, stall)
		now += 3*time.Second - stall
		w.suspendExpiry(now, stall, grace)
		if w.mayExpire(now) {
			expired++
		}
	}
	assert.Equal(t, 100/(10+1), expired, "after each grace")

	w.suspendExpiry(now, grace, grace)
	assert.False(t, w.mayExpire(now+grace-1), "a long stall counts from its own end")
	assert.True(t, w.mayExpire(now+grace))
}
