package server

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestConnectionsFromOneSourceAreLimited(t *testing.T) {
	s, address, _ := serve(t, Config{Limits: Limits{SourceConnections: 2}})
	seats := plain(t, address)
	connectRaw(t, seats)
	second, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, second.SetDeadline(time.Now().Add(time.Minute))) // a defect ends the test instead of blocking it
	_, err = io.ReadFull(second, make([]byte, 9))
	require.NoError(t, err, "the server greets it")

	third, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer third.Close()
	require.NoError(t, third.SetDeadline(time.Now().Add(time.Minute)))
	_, err = third.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server keeps the connection")
	connectRaw(t, seats) // open connections stay

	require.NoError(t, second.Close())
	require.Eventually(t, func() bool { return s.conns.Open() == 1 }, time.Minute, time.Millisecond)
	connectRaw(t, plain(t, address))
}

// A connection that is too old is closed after its running calls: no heartbeat fails, and the client connects again.
func TestTheAgeOfAConnectionFailsNoBeat(t *testing.T) {
	short := grpcapi.DefaultTimes
	short.Age = 20 * time.Millisecond
	counting := &countingListener{}
	s, err := New(Config{
		Ledger: &ledger.Memory{}, Insecure: true, times: short,
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1}},
	})
	require.NoError(t, err)
	counting.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(counting) }()
	defer func() {
		require.NoError(t, s.Stop(t.Context()))
		require.NoError(t, <-served)
	}()
	seats := plain(t, counting.Addr().String())
	caller := connectRaw(t, seats)
	reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{takeOfOne("f")}})
	require.NoError(t, err)
	for counting.accepted.Load() < 10 {
		beat, err := seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: reply.GetOutcomes()[0].GetLease()})
		require.NoError(t, err)
		require.Empty(t, beat.GetEnded())
	}
}

func TestConnectionWithoutACallEnds(t *testing.T) {
	short := grpcapi.DefaultTimes
	short.Idle = time.Millisecond
	s, address, _ := serve(t, Config{times: short})
	connectRaw(t, plain(t, address))
	require.Eventually(t, func() bool { return s.conns.Open() == 0 }, time.Minute, time.Millisecond)
}

func TestConnectionThatDoesNotProveWhoItIsIsCutOff(t *testing.T) {
	short := grpcapi.DefaultTimes
	short.Handshake = 10 * time.Millisecond
	_, address, _ := serve(t, Config{TLS: testcert.New(t).Server(), times: short})
	silent, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer silent.Close()
	require.NoError(t, silent.SetDeadline(time.Now().Add(time.Minute))) // a defect ends the test instead of blocking it
	_, err = silent.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server keeps the connection")
}

// countingListener counts the connections that it accepted.
type countingListener struct {
	net.Listener
	accepted atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return conn, err
}
