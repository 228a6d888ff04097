package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestLimitsAnswerWithWhenToComeBack(t *testing.T) {
	limits := seats.Limits{Clients: 2, InFlight: 1, ClientLeases: 1, Leases: 3}
	inBubble(t, Config{Limits: limits, RetryAfter: time.Minute}, func(t *testing.T, s *harness) {
		one, two := s.user(1), s.user(2)
		_, err := s.Connect(ledger.Holder{Identity: "c", Instance: [16]byte{3}}, nil, nil)
		assert.Equal(t, &seats.Refusal{Reason: messages.Busy, Message: "too many clients", RetryAfter: time.Minute, Limit: seats.LimitClients}, reasonOf(t, err))

		one.granted(take("f", 1))
		o, err := one.checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.RateLimited, o.Reason)
		assert.Equal(t, time.Minute, o.RetryAfter)

		o, err = two.checkout(take("f", 1, messages.RequestID{1}, messages.RequestID{2}))
		require.NoError(t, err)
		assert.Equal(t, messages.Busy, o.Reason)
		assert.Equal(t, time.Minute, o.RetryAfter)

		require.NoError(t, one.call(func(*seats.Client) error {
			_, err := one.beat()
			assert.Equal(t, messages.RateLimited, reasonOf(t, err).Reason)
			return nil
		}))
		one.held()
	})
}

func TestAClientThatTakesAndReturnsTooOftenIsToldHowLongToWait(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{Rate: 100, Burst: wire.MaxBatch}}, func(t *testing.T, s *harness) {
		u := s.user(1)
		cancel := func(n int) error {
			return u.call(func(c *seats.Client) error {
				return s.Checkin(t.Context(), c, make([]messages.LeaseID, n), nil)
			})
		}
		require.NoError(t, cancel(wire.MaxBatch-1))
		u.granted(take("f", 1))
		_, err := u.checkout(take("f", 1))
		assert.Equal(t, &seats.Refusal{Reason: messages.RateLimited, Message: "too many seats taken and returned", RetryAfter: 10 * time.Millisecond, Limit: seats.LimitRate}, reasonOf(t, err))
		err = cancel(200)
		assert.Equal(t, 2*time.Second, reasonOf(t, err).RetryAfter)
		time.Sleep(2 * time.Second)
		require.NoError(t, cancel(200))
		s.user(2).granted(take("f", 1)) // others are not touched
	})
}

func TestALimitOnLeasesDoesNotStandInTheWayOfReplacing(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{ClientLeases: 1}}, func(t *testing.T, s *harness) {
		u := s.user(1)
		old := take("f", 1)
		u.granted(old)
		u.granted(take("f", 2, old.Request))
	})
}

func TestNothingIsAnsweredBeforeItIsDurable(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		l.sleep.Store(int64(10 * time.Second))
		begin := time.Now()
		take := take("f", 1)
		var wg sync.WaitGroup
		wg.Go(func() { u.granted(take) })
		synctest.Wait()
		wg.Go(func() { u.granted(take) }) // a repeat meanwhile is not answered earlier either
		wg.Wait()
		assert.GreaterOrEqual(t, time.Since(begin), 10*time.Second)
		l.sleep.Store(int64(0))
	})
}

func TestACallerThatGaveUpIsNotServed(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		l.sleep.Store(int64(10 * time.Second))
		go func() { _, _ = u.checkout(take("f", 1)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, u.call(func(c *seats.Client) error {
			_, err := s.Checkout(ctx, c, []seats.Take{take("f", 1)})
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			return nil
		}))
		time.Sleep(time.Minute)
		assert.Equal(t, 1, s.state().Leases)
		l.sleep.Store(int64(0))
	})
}

func TestStopAnswersWhatIsCommittedAndRefusesTheRest(t *testing.T) {
	l := &sleepyLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		l.sleep.Store(int64(10 * time.Second))
		var wg sync.WaitGroup
		wg.Go(func() { u.granted(take("f", 1)) })
		synctest.Wait()
		wg.Go(func() {
			_, err := u.checkout(take("f", 1))
			assert.Equal(t, &seats.Refusal{Reason: messages.Draining, Message: "the server is shutting down", RetryAfter: time.Second}, reasonOf(t, err))
		})
		synctest.Wait()
		require.NoError(t, s.Stop())
		wg.Wait()
		_, err := u.beat()
		assert.Equal(t, messages.Draining, reasonOf(t, err).Reason)
	})
}

func TestAServerWhoseLedgerFailsEndsWithoutAnAnswer(t *testing.T) {
	l := &brokenLedger{}
	inBubble(t, Config{Ledger: l}, func(t *testing.T, s *harness) {
		u := s.user(1)
		l.fail(errors.New("disk on fire"))
		_, err := u.checkout(take("f", 1))
		require.ErrorIs(t, err, ErrStopped)
		<-s.Ended()
		assert.ErrorIs(t, s.Stop(), *l.err.Load())
		_, err = u.checkout(take("f", 1))
		require.ErrorIs(t, err, ErrStopped)

		l.fail(nil)
		s.begin()
		assert.Zero(t, s.state().Leases)
	})
}
