package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/seatbeat/seatbeat/messages"
)

// audited runs a test with an audit and returns its records, each as "kind feature reason used/seats", once the engine
// has stopped.
func audited(t *testing.T, features []Feature, test func(s *engineStage)) (told []string, records []map[string]any) {
	t.Helper()
	var log syncBuffer
	config := Config{
		Ledger: &MemoryLedger{}, Features: features, Audit: slog.New(slog.NewJSONHandler(&log, nil)),
	}
	bubble(t, config, func(t *testing.T, s *engineStage) {
		test(s)
		require.NoError(t, s.stop())
	})
	for line := range strings.Lines(log.String()) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		records = append(records, r)
		reason, _ := r["reason"].(string)
		told = append(told, strings.Join(strings.Fields(r["msg"].(string)+" "+r["feature"].(string)+" "+reason), " "))
	}
	return told, records
}

func TestAuditTellsOfEachDecisionOnceAndInOrder(t *testing.T) {
	told, _ := audited(t, []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2}}, func(s *engineStage) {
		u := s.user(1)
		first, second := seats("f", 1), seats("f", 1)
		lease := u.granted(first)
		u.granted(first) // is no further grant
		u.granted(second)
		for _, refused := range []take{seats("f", 1), seats("none", 1), {fault: "is malformed", feature: "\x00"}} {
			o, err := u.checkout(refused)
			require.NoError(s.t, err)
			require.NotEqual(t, granted, o.result)
		}
		third := seats("f", 1, second.request)
		revoked := u.granted(third)
		require.NoError(s.t, u.call(func(c *client) error {
			return s.checkin(s.t.Context(), c, []messages.LeaseID{lease, lease}, nil)
		}))
		require.NoError(s.t, s.administer(s.t.Context(), func(now time.Duration) error {
			return s.book.endLease(revoked, messages.Revoked, now)
		}))
		u.granted(seats("f", 1))
		time.Sleep(2 * DefaultClientTimeout)
	})
	assert.Equal(t, []string{
		"grant f", "grant f", "denial f NoSeats", "denial none NoSuchFeature", "denial Malformed",
		"checkin f Replaced", "grant f", "checkin f Returned", "release f Revoked", "grant f", "expiry f Expired",
	}, told)
}

// Each who waits is told of once: when it is granted, or when it is clear that it will not be.
func TestAuditAndMetricsTellOnceOfEachWhoWaited(t *testing.T) {
	var denied tally
	told, records := audited(t, []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2}}, func(s *engineStage) {
		holder := s.user(1)
		lease := holder.granted(seats("f", 2))
		served, cancelled, replaced, never := seats("f", 2), seats("f", 1), seats("f", 1), seats("f", 3)
		first := s.user(2).persist(served)
		u := s.user(3)
		second := u.wait(s.t.Context(), cancelled)
		third := u.wait(s.t.Context(), replaced)
		require.Equal(s.t, refused, (<-u.wait(s.t.Context(), never)).outcome.result)
		ctx, cancel := context.WithCancel(s.t.Context())
		fourth := s.user(4).wait(ctx, seats("f", 1))
		cancel()
		require.Error(s.t, (<-fourth).err)
		u.checkin(nil, cancelled.request)
		require.Equal(s.t, gone, (<-second).outcome.result)
		o, err := u.checkout(seats("none", 1, replaced.request))
		require.NoError(s.t, err)
		require.Equal(s.t, messages.NoSuchFeature, o.reason)
		u.checkin(nil, replaced.request)
		require.Equal(s.t, gone, (<-third).outcome.result)
		holder.keep(time.Minute, lease)
		holder.checkin([]messages.LeaseID{lease})
		s.grantedNow(first)
		require.NoError(s.t, s.administer(s.t.Context(), func(time.Duration) error {
			denied = s.book.pools.all[0].tally
			return nil
		}))
	})
	assert.Equal(t, []string{
		"grant f", "denial f NoSeats", "denial f NoSeats", "denial none NoSuchFeature", "denial f NoSeats", "denial f NoSeats",
		"checkin f Returned", "grant f",
	}, told)
	assert.Equal(t, "2 of 2 seats in use (0 yours, 2 of your identity), 3 asked for", records[1]["message"])
	assert.Equal(t, "gave up waiting in line", records[2]["message"])
	assert.Equal(t, int64(4), denied.denied[messages.NoSeats])
}

func TestAuditTellsWhoAndWhy(t *testing.T) {
	features := []Feature{{Name: "f", Version: messages.V(2, 0), Seats: 1, Overdraft: 1}}
	var lease messages.LeaseID
	_, records := audited(t, features, func(s *engineStage) {
		u := s.user(0xab)
		s.clients.label(u.holder, &labels{user: "ada\nforged", host: "build7"})
		u.granted(seats("f", 1))
		lease = u.granted(seats("f", 1))
		_, err := u.checkout(seats("f", 1))
		require.NoError(t, err)
	})
	require.Len(t, records, 3)
	grant, denial := records[1], records[2]
	for key, want := range map[string]any{
		"msg": "grant", "feature": "f", "version": "2.0", "count": 1.0, "identity": "c", "user": "ada\nforged", "host": "build7",
		"instance": "ab" + strings.Repeat("00", 15), "used": 2.0, "seats": 1.0, "overdrawn": true,
	} {
		assert.Equal(t, want, grant[key], key)
	}
	assert.Len(t, grant["lease"], 2*len(lease))
	assert.NotContains(t, records[0], "overdrawn")
	assert.Equal(t, "2 of 2 seats in use (2 yours, 0 of your identity)", denial["message"])
	assert.Equal(t, []any{map[string]any{
		"identity": "c", "instance": "ab" + strings.Repeat("00", 15), "user": "ada\nforged", "host": "build7", "seats": 2.0,
	}}, denial["held_by"])
	assert.NotContains(t, grant, "held_by")
	assert.Equal(t, "NoSeats", denial["reason"])
	assert.NotContains(t, denial, "lease")
}

func TestDenialSaysWhatIsMissing(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(2, 1), Seats: 3}}})
	s.take(1, seats("f", 2))
	high := seats("f", 1)
	high.version = messages.V(3, 0)
	for want, asked := range map[string]take{
		"2 of 3 seats in use (0 yours, 2 of your identity), 2 asked for": seats("f", 2),
		"the highest version served is 2.1":                              high,
		"no licence of the server has this feature":                      seats("none", 1),
	} {
		assert.Equal(t, want, s.take(2, asked).message)
	}
}

// What did not get into the ledger did not happen.
func TestAuditTellsOfNothingThatIsNotDurable(t *testing.T) {
	var log syncBuffer
	ledger := &brokenLedger{}
	bubble(t, Config{Ledger: ledger, Audit: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		ledger.fail(assert.AnError)
		_, err := u.checkout(seats("f", 1))
		require.Error(t, err)
		require.ErrorIs(t, s.stop(), assert.AnError)
	})
	assert.Empty(t, log.String())
}

func TestAuditWhoseHandlerPanicsHarmsNobody(t *testing.T) {
	bubble(t, Config{Ledger: &MemoryLedger{}, Audit: slog.New(panickingHandler{})}, func(t *testing.T, s *engineStage) {
		u := s.user(1)
		u.held(u.granted(seats("f", 1)))
		require.NoError(t, s.stop())
	})
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Enabled(context.Context, slog.Level) bool { panic("a handler of the host") }

// A handler that hung held up Stop for good: it waited for the handler, and the committer for room in its queue.
func TestAHandlerOfTheAuditThatHangsHoldsUpNoStop(t *testing.T) {
	for name, grants := range map[string]int{"once": 1, "and the queue is full": 2 * auditQueue} {
		t.Run(name, func(t *testing.T) {
			config := Config{
				Ledger: &MemoryLedger{}, Audit: slog.New(hangingHandler{}),
				Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: grants}},
			}
			bubble(t, config, func(t *testing.T, s *engineStage) {
				u, server := s.user(1), &Server{cfg: s.config, engine: s.engine, grpc: grpc.NewServer(), health: health.NewServer()}
				go func() {
					for range grants {
						if _, err := u.checkout(seats("f", 1)); err != nil {
							return
						}
					}
				}()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				assert.ErrorIs(t, server.Stop(ctx), errAudit)
				assert.Equal(t, 3*time.Second+auditGrace, time.Since(began))
				<-s.audit.ended
			})
		})
	}
}

// hangingHandler hangs for an hour in each record.
type hangingHandler struct{ slog.Handler }

func (hangingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (hangingHandler) Handle(context.Context, slog.Record) error {
	time.Sleep(time.Hour)
	return nil
}

// A healthy handler writes all that is left, even if Stop may not wait.
func TestAStopInAHurryLosesNothingOfTheAudit(t *testing.T) {
	s := newOverdraftStage(t)
	s.granted(takeOfOne("f"))
	s.granted(takeOfOne("f"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.server.Stop(ended))
	assert.Len(t, s.audited(), 2)
}
