package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestAuditTellsWhoAndWhy(t *testing.T) {
	var log syncBuffer
	authority := testcert.New(t)
	s, address, _ := serve(t, Config{
		TLS: authority.Server(), Audit: slog.New(slog.NewJSONHandler(&log, nil)),
		Features: []license.Feature{{Name: "f", Version: messages.V(2, 0), Seats: 1, Overdraft: 1}},
	})
	client := wire.NewSeatsClient(dial(t, address, credentials.NewTLS(authority.Client("c", ""))))
	instance := append([]byte{0xab}, make([]byte, 15)...)
	connected, err := client.Connect(t.Context(), &wire.ConnectRequest{Instance: instance, User: "ada\nforged", Host: "build7"})
	require.NoError(t, err)
	_, err = client.Checkout(t.Context(), &wire.CheckoutRequest{
		Caller: &wire.Caller{Instance: instance, Session: connected.GetSession()},
		Takes:  []*wire.Take{takeOfOne("f"), takeOfOne("f"), takeOfOne("f")},
	})
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))

	var records []map[string]any
	for line := range strings.Lines(log.String()) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		records = append(records, r)
	}
	require.Len(t, records, 3)
	grant, denial := records[1], records[2]
	for key, want := range map[string]any{
		"msg": "grant", "feature": "f", "version": "2.0", "count": 1.0, "identity": "cn:c", "user": "ada\nforged", "host": "build7",
		"instance": "ab" + strings.Repeat("00", 15), "used": 2.0, "seats": 1.0, "overdrawn": true,
	} {
		assert.Equal(t, want, grant[key], key)
	}
	assert.Len(t, grant["lease"], 2*wire.IDLength)
	assert.NotContains(t, records[0], "overdrawn")
	assert.Equal(t, "2 of 2 seats in use (you 2, your other clients 0)", denial["message"])
	assert.Equal(t, []any{map[string]any{
		"identity": "cn:c", "instance": "ab" + strings.Repeat("00", 15), "user": "ada\nforged", "host": "build7", "seats": 2.0,
	}}, denial["held_by"])
	assert.NotContains(t, grant, "held_by")
	assert.Equal(t, "NoSeats", denial["reason"])
	assert.NotContains(t, denial, "lease")
}

func TestAuditWhoseHandlerPanicsHarmsNobody(t *testing.T) {
	s, address, _ := serve(t, Config{Audit: slog.New(panickingHandler{}), Features: plenty})
	client := plain(t, address)
	caller := connectRaw(t, client)
	reply, err := client.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{takeOfOne("f")}})
	require.NoError(t, err)
	beat, err := client.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: reply.GetOutcomes()[0].GetLease()})
	require.NoError(t, err)
	assert.Empty(t, beat.GetEnded())
	require.NoError(t, s.Stop(t.Context()))
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Enabled(context.Context, slog.Level) bool { panic("a handler of the host") }

// A handler that hung blocked Stop for ever, and decisions once the queue was full.
func TestAHandlerOfTheAuditThatHangsHoldsUpNoDecisionAndNoStop(t *testing.T) {
	for name, grants := range map[string]int{"once": 1, "and the queue is full": 2 * auditRounds} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := New(Config{Ledger: &ledger.Memory{}, Insecure: true, Features: plenty, Audit: slog.New(hangingHandler{})})
				require.NoError(t, err)
				s.engine.Open()
				c, err := s.engine.Enter(ledger.Holder{Identity: "c", Instance: [16]byte{1}}, 1)
				require.NoError(t, err)
				for range grants {
					_, err := s.engine.Checkout(t.Context(), c, []seats.Take{takeOne()})
					require.NoError(t, err)
				}
				assert.Equal(t, grants > 1, s.audit.lostRecords() > 0)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				assert.ErrorIs(t, s.Stop(ctx), errAuditAbandoned)
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

// A healthy handler writes all records that are left, even if Stop may not wait.
func TestAStopInAHurryLosesNothingOfTheAudit(t *testing.T) {
	s := newOverdraftHarness(t)
	s.granted(takeOfOne("f"))
	s.granted(takeOfOne("f"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.server.Stop(ended))
	assert.Len(t, s.audited(), 2)
}

// failingHandler fails while it is told to, and keeps what it was given otherwise.
type failingHandler struct {
	slog.Handler
	err  atomic.Pointer[error]
	mu   sync.Mutex
	kept []slog.Record
}

func (*failingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *failingHandler) Handle(_ context.Context, r slog.Record) error {
	if err := h.err.Load(); err != nil && *err != nil {
		return *err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, r)
	return nil
}

func (h *failingHandler) fail(err error) { h.err.Store(&err) }

// messages returns the messages of what was kept.
func (h *failingHandler) messages() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.kept {
		all = append(all, r.Message)
	}
	return all
}

// A handler that failed was ignored: nobody learnt that the audit had holes.
func TestALossOfTheAuditIsLoggedOnceAndCountedAndMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log syncBuffer
		handler := &failingHandler{}
		s, err := New(Config{
			Ledger: &ledger.Memory{}, Insecure: true, Features: plenty,
			Audit: slog.New(handler), Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		require.NoError(t, err)
		s.engine.Open()
		c, err := s.engine.Enter(ledger.Holder{Identity: "c", Instance: [16]byte{1}}, 1)
		require.NoError(t, err)
		grant := func() {
			outcomes, err := s.engine.Checkout(t.Context(), c, []seats.Take{takeOne()})
			require.NoError(t, err)
			require.Equal(t, seats.Granted, outcomes[0].Result)
			synctest.Wait()
		}
		grant()
		handler.fail(errors.New("no space left"))
		grant()
		grant()
		time.Sleep(10 * auditRetry)
		assert.Equal(t, int64(2), s.audit.lostRecords())
		handler.fail(nil)
		time.Sleep(2 * auditRetry)
		grant()
		require.NoError(t, s.Stop(t.Context()))
		assert.Equal(t, []string{"grant", "lost", "grant"}, handler.messages())
		assert.Equal(t, 1, strings.Count(log.String(), "audit records are lost"))
		assert.Contains(t, log.String(), "no space left")
		assert.Contains(t, log.String(), "audit records are written again")
	})
}

func TestARequiredAuditThatFailsRefusesGrantsUntilItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := &failingHandler{}
		s, err := New(Config{
			Ledger: &ledger.Memory{}, Insecure: true, Features: plenty, Audit: slog.New(handler), AuditRequired: true,
		})
		require.NoError(t, err)
		s.engine.Open()
		c, err := s.engine.Enter(ledger.Holder{Identity: "c", Instance: [16]byte{1}}, 1)
		require.NoError(t, err)
		take := func() error {
			_, err := s.engine.Checkout(t.Context(), c, []seats.Take{takeOne()})
			synctest.Wait()
			return err
		}
		handler.fail(errors.New("no space left"))
		require.NoError(t, take(), "nobody knows yet")
		refusal, refused := errors.AsType[*seats.Refusal](take())
		require.True(t, refused)
		assert.Equal(t, messages.Busy, refusal.Reason)
		assert.Positive(t, refusal.RetryAfter)
		handler.fail(nil)
		time.Sleep(2 * auditRetry)
		assert.NoError(t, take())
		require.NoError(t, s.Stop(t.Context()))
	})
}
