package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// auditRecorder is an audit that keeps everything. It is read once the engine has stopped.
type auditRecorder struct {
	records []seats.AuditRecord
	closed  bool
}

func (r *auditRecorder) Pass(records []seats.AuditRecord) []seats.AuditRecord {
	r.records = append(r.records, records...)
	clear(records)
	return records[:0]
}

func (r *auditRecorder) Refuses() bool { return false }

func (r *auditRecorder) Close() { r.closed = true }

// audited runs a test with an audit and returns its records, each also as "kind feature reason", once the engine has
// stopped.
func audited(t *testing.T, features []license.Feature, test func(s *harness)) (told []string, records []seats.AuditRecord) {
	t.Helper()
	var audit auditRecorder
	bubble(t, Config{Ledger: &ledger.Memory{}, Features: features, Audit: &audit}, func(t *testing.T, s *harness) {
		test(s)
		require.NoError(t, s.Stop())
	})
	assert.True(t, audit.closed)
	for _, r := range audit.records {
		told = append(told, strings.Join(strings.Fields(r.Kind.String()+" "+r.Feature+" "+r.Reason.String()), " "))
	}
	return told, audit.records
}

func TestAuditTellsOfEachDecisionOnceAndInOrder(t *testing.T) {
	told, _ := audited(t, nil, func(s *harness) {
		u := s.user(1)
		first, second := take("f", 1), take("f", 1)
		lease := u.granted(first)
		u.granted(first) // is no further grant
		u.granted(second)
		for _, refused := range []seats.Take{take("f", 1), take("none", 1), {Fault: "is malformed", Feature: "\x00"}} {
			o, err := u.checkout(refused)
			require.NoError(s.t, err)
			require.NotEqual(t, seats.Granted, o.Result)
		}
		third := take("f", 1, second.Request)
		revoked := u.granted(third)
		require.NoError(s.t, u.call(func(c *seats.Client) error {
			return s.Checkin(s.t.Context(), c, []messages.LeaseID{lease, lease}, nil)
		}))
		require.NoError(s.t, s.EndLease(s.t.Context(), revoked, messages.Revoked))
		u.granted(take("f", 1))
		time.Sleep(2 * s.config.ClientTimeout)
	})
	assert.Equal(t, []string{
		"grant f", "grant f", "denial f NoSeats", "denial none NoSuchFeature", "denial Malformed",
		"checkin f Replaced", "grant f", "checkin f Returned", "release f Revoked", "grant f", "expiry f Expired",
	}, told)
}

// Each take that waits is audited once: when it is granted, or when it is clear that it will not be.
func TestAuditAndMetricsRecordEachWaiterOnce(t *testing.T) {
	var denied seats.Denials
	told, records := audited(t, nil, func(s *harness) {
		holder := s.user(1)
		lease := holder.granted(take("f", 2))
		served, cancelled, replaced, never := take("f", 2), take("f", 1), take("f", 1), take("f", 3)
		first := s.user(2).persist(served)
		u := s.user(3)
		second := u.wait(s.t.Context(), cancelled)
		third := u.wait(s.t.Context(), replaced)
		require.Equal(s.t, seats.Refused, (<-u.wait(s.t.Context(), never)).outcome.Result)
		ctx, cancel := context.WithCancel(s.t.Context())
		fourth := s.user(4).wait(ctx, take("f", 1))
		cancel()
		require.Error(s.t, (<-fourth).err)
		u.checkin(nil, cancelled.Request)
		require.Equal(s.t, seats.Gone, (<-second).outcome.Result)
		o, err := u.checkout(take("none", 1, replaced.Request))
		require.NoError(s.t, err)
		require.Equal(s.t, messages.NoSuchFeature, o.Reason)
		u.checkin(nil, replaced.Request)
		require.Equal(s.t, seats.Gone, (<-third).outcome.Result)
		holder.keep(time.Minute, lease)
		holder.checkin([]messages.LeaseID{lease})
		s.grantedNow(first)
		pools, err := s.Sample(s.t.Context())
		require.NoError(s.t, err)
		denied = pools[0].Denied
	})
	assert.Equal(t, []string{
		"grant f", "denial f NoSeats", "denial f NoSeats", "denial none NoSuchFeature", "denial f NoSeats", "denial f NoSeats",
		"checkin f Returned", "grant f",
	}, told)
	assert.Equal(t, "2 of 2 seats in use (you 0, your other clients 2), 3 asked for", records[1].Message)
	assert.Equal(t, "left the queue", records[2].Message)
	assert.Equal(t, int64(4), denied[messages.NoSeats])
}

// A decision that is not in the ledger was not made.
func TestAuditTellsOfNothingThatIsNotDurable(t *testing.T) {
	var audit auditRecorder
	l := &brokenLedger{}
	bubble(t, Config{Ledger: l, Audit: &audit}, func(t *testing.T, s *harness) {
		u := s.user(1)
		l.fail(assert.AnError)
		_, err := u.checkout(take("f", 1))
		require.Error(t, err)
		require.ErrorIs(t, s.Stop(), assert.AnError)
	})
	assert.Empty(t, audit.records)
}
