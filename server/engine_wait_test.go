package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestThreeWhoWaitAreServedInTurnAndAtOnce(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		holder := s.user(1)
		lease := holder.granted(seats("f", 2))
		first, second, third := s.user(2).persist(seats("f", 1)), s.user(3).persist(seats("f", 2)), s.user(4).persist(seats("f", 1))
		holder.keep(10*time.Minute, lease)
		assert.Equal(t, 3, s.waiting())
		returned := time.Now()
		holder.checkin([]messages.LeaseID{lease})
		one := s.grantedNow(first)
		assert.Empty(t, second, "one seat is not enough")
		assert.Empty(t, third, "the first in line is not overtaken")
		o, err := holder.checkout(seats("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, o.reason, "nor by who does not wait")
		assert.Zero(t, o.retryAfter)
		s.user(2).checkin([]messages.LeaseID{one})
		two := s.grantedNow(second)
		assert.Empty(t, third)
		s.user(3).checkin([]messages.LeaseID{two})
		s.grantedNow(third)
		assert.Equal(t, returned, time.Now(), "nobody waited for a tick")
		s.nobodyWaits()
	})
}

func TestSeatsThatComeBackInAnyWayGoToTheLine(t *testing.T) {
	for name, free := range map[string]func(s *engineStage, holder *user, held take, lease messages.LeaseID){
		"expired": func(*engineStage, *user, take, messages.LeaseID) { time.Sleep(5*time.Minute + 2*time.Second) },
		"revoked": func(s *engineStage, _ *user, _ take, lease messages.LeaseID) {
			require.NoError(s.t, s.administer(s.t.Context(), func(now time.Duration) error {
				return s.book.endLease(lease, messages.Revoked, now)
			}))
		},
		"cancelled": func(_ *engineStage, holder *user, held take, _ messages.LeaseID) { holder.checkin(nil, held.request) },
		"replaced by fewer": func(_ *engineStage, holder *user, held take, _ messages.LeaseID) {
			holder.granted(seats("f", 1, held.request))
		},
		"more seats": func(s *engineStage, _ *user, _ take, _ messages.LeaseID) {
			require.NoError(s.t, (&Server{engine: s.engine}).SetFeatures(s.t.Context(),
				[]Feature{{Name: "f", Version: messages.V(1, 0), Seats: 3}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{}, func(_ *testing.T, s *engineStage) {
				holder, held := s.user(1), seats("f", 2)
				lease := holder.granted(held)
				result := s.user(2).persist(seats("f", 1))
				free(s, holder, held, lease)
				synctest.Wait()
				s.grantedNow(result)
				s.nobodyWaits()
			})
		})
	}
}

func TestALineIsToldWhenALicenceThatItNeedsRunsOut(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		lasting := Feature{Name: "f", Version: messages.V(1, 0), Seats: 1}
		ending := lasting
		ending.Expires = time.Now().Add(wire.MaxWait / 2)
		require.NoError(t, (&Server{engine: s.engine}).SetFeatures(t.Context(), []Feature{lasting, ending}))
		s.user(1).granted(seats("f", 2))
		result := s.user(2).wait(t.Context(), seats("f", 2))
		time.Sleep(wire.MaxWait/2 - time.Second)
		assert.Empty(t, result)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Len(t, result, 1, "it still waits")
		assert.Equal(t, outcome{result: refused, reason: messages.NoSeats, message: "there are 1 seats"}, (<-result).outcome)
		s.nobodyWaits()
	})
}

func TestAWaitThatIsOverKeepsItsPlaceForAWhile(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		holder, began := s.user(1), time.Now()
		lease := holder.granted(seats("f", 2))
		w := <-s.user(2).wait(t.Context(), seats("f", 1))
		require.NoError(t, w.err)
		assert.Equal(t, outcome{result: refused, reason: messages.NoSeats, message: "still in line", retryAfter: stillInLine}, w.outcome)
		assert.Equal(t, wire.MaxWait, w.at.Sub(began))
		later := s.user(3).persist(seats("f", 1))
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

func TestWhoeverLeavesTheLineLeavesNothingBehind(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		s.user(1).granted(seats("f", 2))
		u, cancelled, left, silent := s.user(2), seats("f", 1), seats("f", 1), seats("f", 1)
		result := u.wait(t.Context(), cancelled)
		u.checkin(nil, cancelled.request)
		assert.Equal(t, outcome{result: gone, reason: messages.Returned}, (<-result).outcome)

		result = u.wait(t.Context(), left)
		o, err := u.checkout(left)
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, o.reason)
		assert.Zero(t, o.retryAfter)
		assert.ErrorIs(t, (<-result).err, errOvertaken)
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
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		holder := s.user(1)
		lease := holder.granted(seats("f", 2))
		mine := seats("f", 1)
		older := s.user(2)
		first := older.wait(t.Context(), mine)
		second := older.wait(t.Context(), mine)
		assert.ErrorIs(t, (<-first).err, errOvertaken)
		newer := s.user(2)
		holder.checkin([]messages.LeaseID{lease})
		assert.ErrorIs(t, (<-second).err, errSuperseded, "an older session is granted nothing")
		other := mine
		other.count = 2
		assert.Equal(t, messages.Malformed, (<-newer.wait(t.Context(), other)).outcome.reason)
		s.grantedNow(newer.wait(t.Context(), mine))
		s.nobodyWaits()
	})
}

func TestADrainAndAStopEndAllWaits(t *testing.T) {
	for name, end := range map[string]func(s *engineStage){
		"drain": func(s *engineStage) { s.drain() },
		"stop":  func(s *engineStage) { require.NoError(s.t, s.stop()) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
				s.user(1).granted(seats("f", 2))
				result := s.user(2).wait(t.Context(), seats("f", 1))
				end(s)
				synctest.Wait()
				require.Len(t, result, 1)
				assert.Equal(t, messages.Draining, reasonOf(t, (<-result).err).reason)
			})
		})
	}
}

func TestAGrantToOneWhoWaitsIsDurableBeforeItIsAnswered(t *testing.T) {
	ledger := &sleepyLedger{}
	inBubble(t, Config{Ledger: ledger}, func(t *testing.T, s *engineStage) {
		holder, began := s.user(1), time.Now()
		lease := holder.granted(seats("f", 2))
		result := s.user(2).wait(t.Context(), seats("f", 1))
		ledger.sleep.Store(int64(3 * time.Second))
		holder.checkin([]messages.LeaseID{lease})
		w := <-result
		require.NoError(t, w.err)
		assert.Equal(t, granted, w.outcome.result)
		assert.Equal(t, began.Add(3*time.Second), w.at)
		ledger.sleep.Store(int64(0))
	})
}

func TestALineHasABoundForEachClientAndForAll(t *testing.T) {
	inBubble(t, Config{Limits: Limits{ClientWaiting: 1, Waiting: 2}, RetryAfter: time.Minute}, func(t *testing.T, s *engineStage) {
		s.user(1).granted(seats("f", 2))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.user(2).wait(ctx, seats("f", 1))
		w := <-s.user(2).wait(ctx, seats("f", 1))
		assert.Equal(t, messages.RateLimited, w.outcome.reason)
		assert.Equal(t, time.Minute, w.outcome.retryAfter)
		s.user(3).wait(ctx, seats("f", 1))
		w = <-s.user(4).wait(ctx, seats("f", 1))
		assert.Equal(t, messages.Busy, w.outcome.reason)
		assert.Equal(t, time.Minute, w.outcome.retryAfter)
	})
}

func TestCallsInLineAreNotInFlight(t *testing.T) {
	inBubble(t, Config{Limits: Limits{InFlight: 1}}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		lease := u.granted(seats("f", 2))
		ctx, cancel := context.WithCancel(t.Context())
		one, two := u.wait(ctx, seats("f", 1)), u.wait(ctx, seats("f", 1))
		assert.Equal(t, 2, s.waiting())
		u.held(lease)
		cancel()
		assert.ErrorIs(t, (<-one).err, context.Canceled)
		assert.ErrorIs(t, (<-two).err, context.Canceled)
		synctest.Wait()
		assert.Zero(t, s.clients.byInstance[u.holder.Instance].inFlight.Load())
	})
}
