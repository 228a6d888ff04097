package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestThreeWaitersAreServedInOrderAndAtOnce(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		holder := s.user(1)
		lease := holder.granted(take("f", 2))
		first, second, third := s.user(2).persist(take("f", 1)), s.user(3).persist(take("f", 2)), s.user(4).persist(take("f", 1))
		holder.keep(10*time.Minute, lease)
		assert.Equal(t, 3, s.waiting())
		returned := time.Now()
		holder.checkin([]messages.LeaseID{lease})
		one := s.grantedNow(first)
		assert.Empty(t, second, "one seat is not enough")
		assert.Empty(t, third, "the first in the queue is not overtaken")
		o, err := holder.checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, o.Reason, "nor by who does not wait")
		assert.Zero(t, o.RetryAfter)
		s.user(2).checkin([]messages.LeaseID{one})
		two := s.grantedNow(second)
		assert.Empty(t, third)
		s.user(3).checkin([]messages.LeaseID{two})
		s.grantedNow(third)
		assert.Equal(t, returned, time.Now(), "nobody waited for a tick")
		s.nobodyWaits()
	})
}

func TestSeatsFreedInAnyWayGoToTheQueue(t *testing.T) {
	for name, free := range map[string]func(s *harness, holder *user, held seats.Take, lease messages.LeaseID){
		"expired": func(*harness, *user, seats.Take, messages.LeaseID) { time.Sleep(5*time.Minute + 2*time.Second) },
		"revoked": func(s *harness, _ *user, _ seats.Take, lease messages.LeaseID) {
			require.NoError(s.t, s.EndLease(s.t.Context(), lease, messages.Revoked))
		},
		"cancelled": func(_ *harness, holder *user, held seats.Take, _ messages.LeaseID) { holder.checkin(nil, held.Request) },
		"replaced by fewer": func(_ *harness, holder *user, held seats.Take, _ messages.LeaseID) {
			holder.granted(take("f", 1, held.Request))
		},
		"more seats": func(s *harness, _ *user, _ seats.Take, _ messages.LeaseID) {
			require.NoError(s.t, s.SetFeatures(s.t.Context(),
				[]license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 3}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{}, func(_ *testing.T, s *harness) {
				holder, held := s.user(1), take("f", 2)
				lease := holder.granted(held)
				result := s.user(2).persist(take("f", 1))
				free(s, holder, held, lease)
				synctest.Wait()
				s.grantedNow(result)
				s.nobodyWaits()
			})
		})
	}
}

func TestAWaiterIsRefusedWhenTheLicenceThatItNeedsExpires(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		lasting := license.Feature{Name: "f", Version: messages.V(1, 0), Seats: 1}
		ending := lasting
		ending.Expires = time.Now().Add(wire.MaxWait / 2)
		require.NoError(t, s.SetFeatures(t.Context(), []license.Feature{lasting, ending}))
		s.user(1).granted(take("f", 2))
		result := s.user(2).wait(t.Context(), take("f", 2))
		time.Sleep(wire.MaxWait/2 - time.Second)
		assert.Empty(t, result)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Len(t, result, 1, "it still waits")
		assert.Equal(t, seats.Outcome{Result: seats.Refused, Reason: messages.NoSeats, Message: "there are 1 seats"}, (<-result).outcome)
		s.nobodyWaits()
	})
}

func TestAWaitThatIsOverKeepsItsPlaceForAWhile(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		holder, began := s.user(1), time.Now()
		lease := holder.granted(take("f", 2))
		w := <-s.user(2).wait(t.Context(), take("f", 1))
		require.NoError(t, w.err)
		assert.Equal(t, seats.Outcome{Result: seats.Refused, Reason: messages.NoSeats, Message: "still in the queue", RetryAfter: stillQueued}, w.outcome)
		assert.Equal(t, wire.MaxWait, w.at.Sub(began))
		later := s.user(3).persist(take("f", 1))
		holder.checkin([]messages.LeaseID{lease})
		assert.Empty(t, later, "the place before it is kept")
		time.Sleep(wire.KeepPlace - time.Second)
		assert.Equal(t, 2, s.waiting())
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s.grantedNow(later)
		s.nobodyWaits()
	})
}

func TestAWaiterThatLeavesTheQueueLeavesNothingBehind(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		s.user(1).granted(take("f", 2))
		u, cancelled, left, silent := s.user(2), take("f", 1), take("f", 1), take("f", 1)
		result := u.wait(t.Context(), cancelled)
		u.checkin(nil, cancelled.Request)
		assert.Equal(t, seats.Outcome{Result: seats.Gone, Reason: messages.Returned}, (<-result).outcome)

		result = u.wait(t.Context(), left)
		o, err := u.checkout(left)
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, o.Reason)
		assert.Zero(t, o.RetryAfter)
		assert.ErrorIs(t, (<-result).err, seats.ErrOvertaken)
		s.nobodyWaits()

		ctx, cancel := context.WithCancel(t.Context())
		result = u.wait(ctx, silent)
		cancel()
		assert.ErrorIs(t, (<-result).err, context.Canceled)
		assert.Equal(t, 1, s.waiting(), "it may come back")
		time.Sleep(wire.KeepPlace + 2*time.Second)
		s.nobodyWaits()
	})
}

func TestALaterCallTakesOverThePlace(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		holder := s.user(1)
		lease := holder.granted(take("f", 2))
		mine := take("f", 1)
		older := s.user(2)
		first := older.wait(t.Context(), mine)
		second := older.wait(t.Context(), mine)
		assert.ErrorIs(t, (<-first).err, seats.ErrOvertaken)
		newer := s.user(2)
		holder.checkin([]messages.LeaseID{lease})
		assert.ErrorIs(t, (<-second).err, seats.ErrSuperseded, "an older session is seats.Granted nothing")
		other := mine
		other.Count = 2
		assert.Equal(t, messages.Malformed, (<-newer.wait(t.Context(), other)).outcome.Reason)
		s.grantedNow(newer.wait(t.Context(), mine))
		s.nobodyWaits()
	})
}

func TestADrainAndAStopEndAllWaits(t *testing.T) {
	for name, end := range map[string]func(s *harness){
		"drain": func(s *harness) { s.Drain() },
		"stop":  func(s *harness) { require.NoError(s.t, s.Stop()) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{}, func(t *testing.T, s *harness) {
				s.user(1).granted(take("f", 2))
				result := s.user(2).wait(t.Context(), take("f", 1))
				end(s)
				synctest.Wait()
				require.Len(t, result, 1)
				assert.Equal(t, messages.Draining, reasonOf(t, (<-result).err).Reason)
			})
		})
	}
}

func TestAGrantToAWaiterIsDurableBeforeItIsAnswered(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		holder, began := s.user(1), time.Now()
		lease := holder.granted(take("f", 2))
		result := s.user(2).wait(t.Context(), take("f", 1))
		l.sleep.Store(int64(3 * time.Second))
		holder.checkin([]messages.LeaseID{lease})
		w := <-result
		require.NoError(t, w.err)
		assert.Equal(t, seats.Granted, w.outcome.Result)
		assert.Equal(t, began.Add(3*time.Second), w.at)
		l.sleep.Store(int64(0))
	})
}

func TestQueuesAreBoundedForEachClientAndForAll(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{ClientWaiting: 1, Waiting: 2}, RetryAfter: time.Minute}, func(t *testing.T, s *harness) {
		s.user(1).granted(take("f", 2))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.user(2).wait(ctx, take("f", 1))
		w := <-s.user(2).wait(ctx, take("f", 1))
		assert.Equal(t, messages.RateLimited, w.outcome.Reason)
		assert.Equal(t, time.Minute, w.outcome.RetryAfter)
		s.user(3).wait(ctx, take("f", 1))
		w = <-s.user(4).wait(ctx, take("f", 1))
		assert.Equal(t, messages.Busy, w.outcome.Reason)
		assert.Equal(t, time.Minute, w.outcome.RetryAfter)
	})
}

func TestPlacesInQueuesAreBoundedForAnIdentity(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{IdentityWaiting: 1}}, func(t *testing.T, s *harness) {
		s.user(1).granted(take("f", 2))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.user(2).wait(ctx, take("f", 1))
		w := <-s.user(3).wait(ctx, take("f", 1))
		assert.Equal(t, messages.RateLimited, w.outcome.Reason)
		assert.Equal(t, seats.LimitIdentityWaiting, w.outcome.Limit)
		other, err := s.of("modest", 1)
		require.NoError(t, err)
		select {
		case w := <-other.wait(ctx, take("f", 1)):
			assert.Fail(t, "another identity gets no place", "%+v", w.outcome)
		default:
		}
		assert.Equal(t, 2, s.state().Pools[0].Waiting)
	})
}

func TestCallsInAQueueAreNotInFlight(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{InFlight: 1}}, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 2))
		ctx, cancel := context.WithCancel(t.Context())
		one, two := u.wait(ctx, take("f", 1)), u.wait(ctx, take("f", 1))
		assert.Equal(t, 2, s.waiting())
		u.held(lease)
		cancel()
		assert.ErrorIs(t, (<-one).err, context.Canceled)
		assert.ErrorIs(t, (<-two).err, context.Canceled)
		synctest.Wait()
		assert.Zero(t, u.inFlight())
	})
}
