package engine

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// of connects an instance of an identity.
func (s *harness) of(identity string, instance uint32) (*user, error) {
	u := &user{s: s, holder: ledger.Holder{Identity: identity, Instance: [16]byte{15: 1}}}
	binary.BigEndian.PutUint32(u.holder.Instance[:], instance)
	copy(u.holder.Instance[4:], identity)
	session, err := s.Connect(u.holder, nil, nil)
	u.session = session
	return u, err
}

func TestManyShortProgramsAreServedOneAfterTheOther(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{Clients: 100}}, func(t *testing.T, s *harness) {
		var first *user
		var request messages.RequestID
		for n := range uint32(1000) {
			u, err := s.of("short", n)
			require.NoError(t, err, "start %d", n)
			take := take("f", 1)
			u.granted(take)
			require.NoError(t, u.returns(take.Request))
			if n == 0 {
				first, request = u, take.Request
			}
			time.Sleep(100 * time.Millisecond)
		}
		assert.LessOrEqual(t, s.state().Clients, 100)
		repeat := take("f", 1)
		repeat.Request = request
		o, err := first.checkout(repeat)
		require.NoError(t, err)
		assert.Equal(t, seats.Gone, o.Result, "its tombstone outlives its place among the clients")
		assert.Equal(t, 1000, s.state().Ended)
		time.Sleep(16 * time.Minute)
		assert.Zero(t, s.clients.Remembered())
		assert.Zero(t, s.state().Ended)
	})
}

func TestNoIdentityUsesUpWhatAllShare(t *testing.T) {
	for name, limit := range map[string]struct {
		limits seats.Limits
		met    seats.Limit
		uses   func(s *harness, n uint32) error
	}{
		"clients": {seats.Limits{Clients: 20, IdentityClients: 10}, seats.LimitIdentityClients, func(s *harness, n uint32) error {
			_, err := s.of("greedy", n)
			return err
		}},
		"sessions": {seats.Limits{IdentityRate: 1, IdentityBurst: 10}, seats.LimitIdentityConnects, func(s *harness, n uint32) error {
			_, err := s.of("greedy", n)
			return err
		}},
		"sessions of one instance": {seats.Limits{IdentityRate: 1, IdentityBurst: 10}, seats.LimitIdentityConnects, func(s *harness, _ uint32) error {
			_, err := s.of("greedy", 1)
			return err
		}},
		"made-up returns": {seats.Limits{IdentityRate: 1, IdentityBurst: 10}, seats.LimitUnknownReturns, madeUpReturn},
		"tombstones":      {seats.Limits{Leases: 20, IdentityLeases: 10}, seats.LimitIdentityLeases, madeUpReturn},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{Limits: limit.limits}, func(t *testing.T, s *harness) {
				var err error
				for n := uint32(0); n < 25 && err == nil; n++ {
					err = limit.uses(s, n)
				}
				refusal := reasonOf(t, err)
				assert.Equal(t, messages.RateLimited, refusal.Reason)
				assert.Equal(t, limit.met, refusal.Limit)
				assert.Positive(t, refusal.RetryAfter)
				other, err := s.of("modest", 1)
				require.NoError(t, err)
				other.granted(take("f", 1))
				require.NoError(t, other.returns(take("f", 1).Request))
			})
		})
	}
}

// madeUpReturn returns a request that was never made.
func madeUpReturn(s *harness, _ uint32) error {
	u := &user{s: s, holder: ledger.Holder{Identity: "greedy", Instance: [16]byte{9}}, session: 1}
	return u.returns(take("f", 1).Request)
}

func TestALimitOfReturnsHoldsUpNoReturnOfAHeldLease(t *testing.T) {
	inBubble(t, Config{Limits: seats.Limits{IdentityRate: 1, IdentityBurst: 1}}, func(t *testing.T, s *harness) {
		u := s.user(1)
		held := take("f", 2)
		u.granted(held)
		err := u.returns(take("f", 1).Request, take("f", 1).Request, held.Request)
		assert.Equal(t, seats.LimitUnknownReturns, reasonOf(t, err).Limit)
		assert.Zero(t, s.state().Leases)
	})
}

func TestALimitThatRefusesIsCountedAndLoggedOnceAMinute(t *testing.T) {
	var report limitReport
	var counts seats.LimitCounts
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	report.log(logger, &counts, 0)
	assert.Empty(t, log.String())
	for second := range 120 {
		counts.Count(seats.LimitClients)
		report.log(logger, &counts, time.Duration(second)*time.Second)
	}
	assert.Equal(t, 2, strings.Count(log.String(), "limit=clients"))
	assert.Contains(t, log.String(), "refused=60")
}

// returns returns requests.
func (u *user) returns(requests ...messages.RequestID) error {
	return u.call(func(c *seats.Client) error { return u.s.Checkin(u.s.t.Context(), c, nil, requests) })
}
