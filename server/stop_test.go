package server

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// patient are times in which a connection that holds up a stop would hold it up for an hour.
var patient = grpcapi.Times{Handshake: time.Hour, Idle: time.Hour, Age: time.Hour, Grace: time.Hour}

// A Watch has no end of its own, and a stop waited for it until the stop's own end.
func TestAWatchOfTheHealthHoldsUpNoStop(t *testing.T) {
	s, address, served := serve(t, Config{times: patient})
	watch, err := grpc_health_v1.NewHealthClient(dial(t, address, insecure.NewCredentials())).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	_, err = watch.Recv()
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, <-served)
	for err == nil {
		_, err = watch.Recv()
	}
}

// gRPC waits for each handshake: a client that said nothing held up the stop until its handshake was given up.
func TestASilentConnectionHoldsUpNoStop(t *testing.T) {
	for name, cfg := range map[string]Config{
		"before its handshake": {times: patient, TLS: testcert.New(t).Server()},
		"without TLS":          {times: patient},
	} {
		t.Run(name, func(t *testing.T) {
			s, address, _ := serve(t, cfg)
			silent, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer silent.Close()
			require.Eventually(t, func() bool { return s.conns.Open() == 1 }, time.Minute, time.Millisecond)
			require.NoError(t, s.Stop(t.Context()))
		})
	}
}

// A handler of the log that blocked held up decisions, and the stop for ever.
func TestALogThatHangsHoldsUpNoDecisionAndNoStop(t *testing.T) {
	s, address, _ := serve(t, Config{Logger: slog.New(blockingHandler{t.Context()}), Features: plenty})
	client := plain(t, address)
	reply, err := client.Checkout(t.Context(), &wire.CheckoutRequest{Caller: connectRaw(t, client), Takes: []*wire.Take{takeOfOne("f")}})
	require.NoError(t, err)
	assert.Equal(t, wire.Result_RESULT_GRANTED, reply.GetOutcomes()[0].GetResult())
	require.NoError(t, s.Stop(t.Context()))
}

// blockingHandler blocks until the test ends.
type blockingHandler struct{ test context.Context }

func (blockingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h blockingHandler) Handle(context.Context, slog.Record) error {
	<-h.test.Done()
	return nil
}

func (h blockingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h blockingHandler) WithGroup(string) slog.Handler { return h }

// A ledger whose disk hangs is given up.
func TestALedgerThatHangsHoldsUpNoStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slowClosingLedger{}
		s, err := New(Config{Ledger: l, Insecure: true})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		assert.ErrorIs(t, s.Stop(ctx), errStopAbandoned)
		assert.Equal(t, 3*time.Second+auditGrace+logGrace, time.Since(began))
		<-s.stopped
		assert.NoError(t, s.Stop(t.Context()), "a later call learns how it ended")
	})
}

// slowClosingLedger takes an hour to close.
type slowClosingLedger struct{ ledger.Memory }

func (l *slowClosingLedger) Close() error {
	time.Sleep(time.Hour)
	return l.Memory.Close()
}

// A return was refused while the server drained, and its seat stayed taken until the client timeout.
func TestSeatsCanBeReturnedDuringADrain(t *testing.T) {
	s, address, _ := serve(t, Config{Features: plenty})
	client := plain(t, address)
	caller := connectRaw(t, client)
	reply, err := client.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{takeOfOne("f")}})
	require.NoError(t, err)
	s.Drain()
	_, err = client.Checkin(t.Context(), &wire.CheckinRequest{Caller: caller, Leases: reply.GetOutcomes()[0].GetLease()})
	require.NoError(t, err)
	status, err := s.Status(t.Context())
	require.NoError(t, err)
	assert.Zero(t, status.Leases)
	_, err = client.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{takeOfOne("f")}})
	assert.Equal(t, wire.Reason_REASON_DRAINING, refusalIn(err).GetReason())
}
