package server

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// overdraftHarness is a server with one seat of f and one seat of overdraft, which writes an audit.
type overdraftHarness struct {
	t      *testing.T
	server *Server
	seats  wire.SeatsClient
	caller *wire.Caller
	reader *sdk.ManualReader
	audit  syncBuffer
}

func newOverdraftHarness(t *testing.T) *overdraftHarness {
	s := &overdraftHarness{t: t, reader: sdk.NewManualReader()}
	var address string
	s.server, address, _ = serve(t, Config{
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1, Overdraft: 1}},
		Audit:    slog.New(slog.NewJSONHandler(&s.audit, nil)), MeterProvider: sdk.NewMeterProvider(sdk.WithReader(s.reader)),
	})
	s.seats = plain(t, address)
	s.caller = connectRaw(t, s.seats)
	return s
}

// granted takes a seat, which must be granted.
func (s *overdraftHarness) granted(take *wire.Take) *wire.Outcome {
	s.t.Helper()
	reply, err := s.seats.Checkout(s.t.Context(), &wire.CheckoutRequest{Caller: s.caller, Takes: []*wire.Take{take}})
	require.NoError(s.t, err)
	require.Equal(s.t, wire.Result_RESULT_GRANTED, reply.GetOutcomes()[0].GetResult())
	return reply.GetOutcomes()[0]
}

// audited returns, for each grant in the audit, whether it is marked as overdrawn. The server has stopped then.
func (s *overdraftHarness) audited() (marked []bool) {
	s.t.Helper()
	require.NoError(s.t, s.server.Stop(s.t.Context()))
	for line := range strings.Lines(s.audit.String()) {
		var r struct {
			Msg       string
			Overdrawn bool
		}
		require.NoError(s.t, json.Unmarshal([]byte(line), &r))
		if r.Msg == "grant" {
			marked = append(marked, r.Overdrawn)
		}
	}
	return marked
}

func TestAGrantPastTheSeatsIsMarkedForTheClientAndInAuditAndMetrics(t *testing.T) {
	s := newOverdraftHarness(t)
	assert.False(t, s.granted(takeOfOne("f")).GetOverdraft())
	assert.Zero(t, collected(t, s.reader)["seatbeat.seats.overdrawn f"])
	second := takeOfOne("f")
	assert.True(t, s.granted(second).GetOverdraft())
	assert.Equal(t, int64(1), collected(t, s.reader)["seatbeat.seats.overdrawn f"])
	assert.True(t, s.granted(second).GetOverdraft(), "a repeat is told so again, and is no further grant")
	assert.Equal(t, []bool{false, true}, s.audited())
}

func TestAGrantPastTheSeatsIsMarkedAfterAWaitToo(t *testing.T) {
	s := newOverdraftHarness(t)
	lease := s.granted(takeOfOne("f")).GetLease()
	s.granted(takeOfOne("f"))
	waiting := takeOfOne("f")
	waiting.WaitMs = uint32(wire.MaxWait.Milliseconds())
	waited := make(chan *wire.CheckoutReply, 1)
	go func() {
		reply, _ := s.seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: s.caller, Takes: []*wire.Take{waiting}})
		waited <- reply
	}()
	s.awaitQueued(1)
	_, err := s.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: s.caller, Leases: lease})
	require.NoError(t, err)
	outcome := (<-waited).GetOutcomes()[0]
	assert.Equal(t, wire.Result_RESULT_GRANTED, outcome.GetResult())
	assert.True(t, outcome.GetOverdraft())
	assert.Equal(t, []bool{false, true, true}, s.audited())
}

// awaitQueued waits until so many takes are queued.
func (s *overdraftHarness) awaitQueued(n int) {
	s.t.Helper()
	for {
		status, err := s.server.Status(s.t.Context())
		require.NoError(s.t, err)
		if status.Features[0].Waiting == n {
			return
		}
	}
}
