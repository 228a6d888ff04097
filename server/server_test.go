package server

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestHealthFollowsTheLifeOfTheServer(t *testing.T) {
	s, address, _ := serve(t, Config{})
	client := grpc_health_v1.NewHealthClient(dial(t, address, insecure.NewCredentials()))
	for _, service := range []string{"", "seatbeat.v1.Seats"} {
		reply, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		assert.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, reply.GetStatus())
	}
	s.Drain()
	reply, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	assert.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, reply.GetStatus())
}

func TestWithoutTLSOnlyLoopbackIsServed(t *testing.T) {
	s, err := New(Config{Ledger: &ledger.Memory{}, Insecure: true})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Stop(t.Context())) }()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	assert.ErrorContains(t, s.Serve(listener), "only loopback")
	_, err = listener.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestAServerWhoseLedgerFailsStopsServing(t *testing.T) {
	l := &brokenLedger{}
	s, address, served := serve(t, Config{Ledger: l, Features: []license.Feature{{Name: "f", Seats: 1}}})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	l.fail(errors.New("disk on fire"))
	_, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{
		Caller: caller, Takes: []*wire.Take{{Request: caller.Instance, Feature: "f", Count: 1}},
	})
	assert.Equal(t, codes.Unavailable, status.Code(err))
	assert.Nil(t, refusalIn(err))
	assert.ErrorIs(t, <-served, *l.err.Load())
	assert.ErrorIs(t, s.Stop(t.Context()), *l.err.Load())
}

func TestTwoServersDoNotShareALedger(t *testing.T) {
	l := &ledger.Memory{}
	serve(t, Config{Ledger: l})
	_, err := New(Config{Ledger: l, Insecure: true})
	assert.ErrorContains(t, err, "in use")
}

func TestStopLetsWhatIsUnderWayBeAnswered(t *testing.T) {
	l := &gatedLedger{came: make(chan struct{}), gate: make(chan struct{})}
	s, address, served := serve(t, Config{Ledger: l, Features: []license.Feature{{Name: "f", Seats: 1}}})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	var wg sync.WaitGroup
	wg.Go(func() {
		reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{
			Caller: caller, Takes: []*wire.Take{{Request: caller.Instance, Feature: "f", Count: 1}},
		})
		assert.NoError(t, err)
		assert.Equal(t, wire.Result_RESULT_GRANTED, reply.GetOutcomes()[0].GetResult())
	})
	<-l.came
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(t.Context()) }()
	time.AfterFunc(20*time.Millisecond, func() { close(l.gate) })
	assert.NoError(t, <-stopped)
	assert.NoError(t, <-served)
	assert.NoError(t, s.Stop(t.Context()), "it may be called again")
	wg.Wait()
}
