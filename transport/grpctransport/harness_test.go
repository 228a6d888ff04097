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
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// harness is a licence server at one address, over its restarts, and how clients reach it.
type harness struct {
	tb      testing.TB
	config  server.Config
	client  grpctransport.Config
	address transport.Address
	server  *server.Server
	served  chan error
}

// newHarness starts a server without TLS, with ten seats of feature f.
func newHarness(tb testing.TB) *harness {
	return startHarness(tb, server.Config{Insecure: true}, grpctransport.Config{Insecure: true})
}

// newSecureHarness starts a server that requires client certificates, with ten seats of feature f.
func newSecureHarness(tb testing.TB) *harness {
	authority := testcert.New(tb)
	return startHarness(tb, server.Config{TLS: authority.Server()}, grpctransport.Config{TLS: authority.Client("c1", "")})
}

func startHarness(tb testing.TB, config server.Config, client grpctransport.Config) *harness {
	tb.Helper()
	config.Ledger = &ledger.Memory{}
	if config.Features == nil {
		config.Features = []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 10}}
	}
	h := &harness{tb: tb, config: config, client: client, address: "127.0.0.1:0"}
	h.start()
	tb.Cleanup(h.stop)
	return h
}

// start starts the server, at the address that it had before.
func (h *harness) start() {
	h.tb.Helper()
	listener, err := net.Listen("tcp", string(h.address))
	require.NoError(h.tb, err)
	h.address = transport.Address(listener.Addr().String())
	h.server, err = server.New(h.config)
	require.NoError(h.tb, err)
	served := make(chan error, 1)
	h.served = served
	go func(srv *server.Server) { served <- srv.Serve(listener) }(h.server)
}

// stop stops the server at once: its connections are cut.
func (h *harness) stop() {
	h.tb.Helper()
	if h.server == nil {
		return
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(h.tb, h.server.Stop(ended))
	require.NoError(h.tb, <-h.served)
	h.server = nil
}

func (h *harness) restart() {
	h.tb.Helper()
	h.stop()
	h.start()
}

// connect opens a session of a new client.
func (h *harness) connect() transport.Session {
	h.tb.Helper()
	return h.connectAs(transport.Client{Instance: id(), Name: "test"})
}

func (h *harness) connectAs(client transport.Client) transport.Session {
	h.tb.Helper()
	session, err := grpctransport.New(h.client).Connect(transport.WithClient(soon(h.tb), client), h.address)
	require.NoError(h.tb, err)
	h.tb.Cleanup(func() { _ = session.Close() })
	return session
}

// soon returns a context for a call that should be answered at once.
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

// checkout sends one take and returns its outcome.
func checkout(tb testing.TB, session transport.Session, take transport.Take) transport.Outcome {
	tb.Helper()
	reply, err := session.Checkout(soon(tb), []transport.Take{take})
	require.NoError(tb, err)
	require.Len(tb, reply.Outcomes, 1)
	return reply.Outcomes[0]
}
