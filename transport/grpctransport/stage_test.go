package grpctransport_test

import (
	"context"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// stage is one licence server at one address, over its lives.
type stage struct {
	tb      testing.TB
	config  server.Config
	client  grpctransport.Config
	address transport.Address
	server  *server.Server
	served  chan error
}

// newStage starts a server over plain gRPC with ten seats of feature f.
func newStage(tb testing.TB) *stage {
	return startStage(tb, server.Config{Insecure: true}, grpctransport.Config{Insecure: true})
}

// newSecureStage starts one that asks for certificates.
func newSecureStage(tb testing.TB) *stage {
	authority := testcert.New(tb)
	return startStage(tb, server.Config{TLS: authority.Server()}, grpctransport.Config{TLS: authority.Client("c1", "")})
}

func startStage(tb testing.TB, config server.Config, client grpctransport.Config) *stage {
	tb.Helper()
	config.Ledger = &server.MemoryLedger{}
	if config.Features == nil {
		config.Features = []server.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 10}}
	}
	s := &stage{tb: tb, config: config, client: client, address: "127.0.0.1:0"}
	s.start()
	tb.Cleanup(s.stop)
	return s
}

// start begins a life of the server, at the address of the earlier one.
func (s *stage) start() {
	s.tb.Helper()
	listener, err := net.Listen("tcp", string(s.address))
	require.NoError(s.tb, err)
	s.address = transport.Address(listener.Addr().String())
	s.server, err = server.New(s.config)
	require.NoError(s.tb, err)
	served := make(chan error, 1)
	s.served = served
	go func(srv *server.Server) { served <- srv.Serve(listener) }(s.server)
}

// stop ends the life without ado: connections are cut.
func (s *stage) stop() {
	s.tb.Helper()
	if s.server == nil {
		return
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(s.tb, s.server.Stop(ended))
	require.NoError(s.tb, <-s.served)
	s.server = nil
}

func (s *stage) restart() {
	s.tb.Helper()
	s.stop()
	s.start()
}

// connect opens a session of a new client.
func (s *stage) connect() transport.Session {
	s.tb.Helper()
	return s.connectAs(transport.Client{Instance: id(), Name: "test"})
}

func (s *stage) connectAs(client transport.Client) transport.Session {
	s.tb.Helper()
	session, err := grpctransport.New(s.client).Connect(transport.WithClient(soon(s.tb), client), s.address)
	require.NoError(s.tb, err)
	s.tb.Cleanup(func() { _ = session.Close() })
	return session
}

// soon returns a context for a call that is answered at once unless something is wrong.
func soon(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	tb.Cleanup(cancel)
	return ctx
}

func id() (b [16]byte) {
	_, _ = rand.Read(b[:])
	return b
}

func takeOf(feature string, count int) transport.Take {
	return transport.Take{Request: id(), Feature: feature, Version: messages.V(1, 0), Count: count}
}

// checkout takes seats and returns the one outcome.
func checkout(tb testing.TB, session transport.Session, take transport.Take) transport.Outcome {
	tb.Helper()
	reply, err := session.Checkout(soon(tb), []transport.Take{take})
	require.NoError(tb, err)
	require.Len(tb, reply.Outcomes, 1)
	return reply.Outcomes[0]
}
