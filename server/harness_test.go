package server

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// serve starts a server on loopback and returns it with its address and the result of Serve.
func serve(t testing.TB, config Config) (*Server, string, <-chan error) {
	t.Helper()
	if config.Ledger == nil {
		config.Ledger = &ledger.Memory{}
	}
	config.Insecure = config.TLS == nil
	s, err := New(config)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Stop(ended)
	})
	return s, listener.Addr().String(), served
}

// dial connects a raw client.
func dial(t testing.TB, address string, creds credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func plain(t testing.TB, address string) wire.SeatsClient {
	return wire.NewSeatsClient(dial(t, address, insecure.NewCredentials()))
}

// connectRaw opens a session and returns the caller that its calls name.
func connectRaw(t testing.TB, seats wire.SeatsClient) *wire.Caller {
	t.Helper()
	instance := []byte("sixteen bytes ok")
	reply, err := seats.Connect(t.Context(), &wire.ConnectRequest{Instance: instance})
	require.NoError(t, err)
	return &wire.Caller{Instance: instance, Session: reply.GetSession()}
}

// refusalIn returns the refusal of a call, nil when it was not answered.
func refusalIn(err error) *wire.Refusal {
	for _, detail := range status.Convert(err).Details() {
		if r, ok := detail.(*wire.Refusal); ok {
			return r
		}
	}
	return nil
}

// gatedLedger delays the first grant: it signals that the grant has come, and appends it when the gate is opened.
type gatedLedger struct {
	ledger.Memory
	came, gate chan struct{}
}

func (l *gatedLedger) Append(batch ledger.Batch) error {
	if len(batch.Records) > 0 && batch.Records[0].Kind == ledger.RecordGrant {
		close(l.came)
		<-l.gate
	}
	return l.Memory.Append(batch)
}

// brokenLedger fails when it is told to.
type brokenLedger struct {
	ledger.Memory
	err atomic.Pointer[error]
}

func (l *brokenLedger) fail(err error) { l.err.Store(&err) }

func (l *brokenLedger) Append(batch ledger.Batch) error {
	if err := l.err.Load(); err != nil && *err != nil {
		return *err
	}
	return l.Memory.Append(batch)
}
