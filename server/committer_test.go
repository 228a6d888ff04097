package server

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

func TestLimitsAnswerWithWhenToComeBack(t *testing.T) {
	limits := Limits{Clients: 2, InFlight: 1, ClientLeases: 1, Leases: 3}
	inBubble(t, Config{Limits: limits, RetryAfter: time.Minute}, func(t *testing.T, s *engineStage) {
		one, two := s.user(1), s.user(2)
		_, err := s.connect(Holder{Identity: "c", Instance: [16]byte{3}}, nil)
		assert.Equal(t, &refusal{messages.Busy, "too many clients", time.Minute}, reasonOf(t, err))

		one.granted(seats("f", 1))
		o, err := one.checkout(seats("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.RateLimited, o.reason)
		assert.Equal(t, time.Minute, o.retryAfter)

		o, err = two.checkout(seats("f", 1, messages.RequestID{1}, messages.RequestID{2}))
		require.NoError(t, err)
		assert.Equal(t, messages.Busy, o.reason)
		assert.Equal(t, time.Minute, o.retryAfter)

		require.NoError(t, one.call(func(*client) error {
			_, err := one.beat()
			assert.Equal(t, messages.RateLimited, reasonOf(t, err).reason)
			return nil
		}))
		one.held()
	})
}

func TestAClientThatTakesAndReturnsTooOftenIsToldHowLongToWait(t *testing.T) {
	inBubble(t, Config{Limits: Limits{Rate: 100, Burst: maxBatch}}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		cancel := func(n int) error {
			return u.call(func(c *client) error {
				return s.checkin(t.Context(), c, make([]messages.LeaseID, n), nil)
			})
		}
		require.NoError(t, cancel(maxBatch-1))
		u.granted(seats("f", 1))
		_, err := u.checkout(seats("f", 1))
		assert.Equal(t, &refusal{messages.RateLimited, "too many seats taken and returned", 10 * time.Millisecond}, reasonOf(t, err))
		err = cancel(200)
		assert.Equal(t, 2*time.Second, reasonOf(t, err).retryAfter)
		time.Sleep(2 * time.Second)
		require.NoError(t, cancel(200))
		s.user(2).granted(seats("f", 1)) // others are not touched
	})
}

func TestALimitOnLeasesDoesNotStandInTheWayOfReplacing(t *testing.T) {
	inBubble(t, Config{Limits: Limits{ClientLeases: 1}}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		old := seats("f", 1)
		u.granted(old)
		u.granted(seats("f", 2, old.request))
	})
}

func TestNothingIsAnsweredBeforeItIsDurable(t *testing.T) {
	ledger := &sleepyLedger{}
	inBubble(t, Config{Ledger: ledger}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		ledger.sleep.Store(int64(10 * time.Second))
		begin := time.Now()
		take := seats("f", 1)
		var wg sync.WaitGroup
		wg.Go(func() { u.granted(take) })
		synctest.Wait()
		wg.Go(func() { u.granted(take) }) // a repeat meanwhile is not answered earlier either
		wg.Wait()
		assert.GreaterOrEqual(t, time.Since(begin), 10*time.Second)
		ledger.sleep.Store(int64(0))
	})
}

func TestACallerThatGaveUpIsNotServed(t *testing.T) {
	ledger := &sleepyLedger{}
	inBubble(t, Config{Ledger: ledger}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		ledger.sleep.Store(int64(10 * time.Second))
		go func() { _, _ = u.checkout(seats("f", 1)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, u.call(func(c *client) error {
			_, err := s.checkout(ctx, c, []take{seats("f", 1)})
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			return nil
		}))
		time.Sleep(time.Minute)
		assert.Equal(t, 1, s.state().Leases)
		ledger.sleep.Store(int64(0))
	})
}

func TestStopAnswersWhatIsCommittedAndRefusesTheRest(t *testing.T) {
	ledger := &sleepyLedger{}
	inBubble(t, Config{Ledger: ledger}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		ledger.sleep.Store(int64(10 * time.Second))
		var wg sync.WaitGroup
		wg.Go(func() { u.granted(seats("f", 1)) })
		synctest.Wait()
		wg.Go(func() {
			_, err := u.checkout(seats("f", 1))
			assert.Equal(t, &refusal{messages.Draining, "the server is shutting down", time.Second}, reasonOf(t, err))
		})
		synctest.Wait()
		require.NoError(t, s.stop())
		wg.Wait()
		_, err := u.beat()
		assert.Equal(t, messages.Draining, reasonOf(t, err).reason)
	})
}

func TestAServerWhoseLedgerFailsEndsWithoutAnAnswer(t *testing.T) {
	ledger := &brokenLedger{}
	inBubble(t, Config{Ledger: ledger}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		ledger.fail(errors.New("disk on fire"))
		_, err := u.checkout(seats("f", 1))
		require.ErrorIs(t, err, errStopped)
		<-s.engine.ended
		assert.ErrorIs(t, s.stop(), *ledger.err.Load())
		_, err = u.checkout(seats("f", 1))
		require.ErrorIs(t, err, errStopped)

		ledger.fail(nil)
		s.begin()
		assert.Zero(t, s.state().Leases)
	})
}
