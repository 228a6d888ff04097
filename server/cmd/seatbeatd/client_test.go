package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// seatsClient is a client with a session at a server.
type seatsClient struct {
	t      *testing.T
	seats  wire.SeatsClient
	caller *wire.Caller
}

// connect opens a session with the client certificate in a folder.
func connect(t *testing.T, p *process, folder string) *seatsClient {
	t.Helper()
	conn, err := grpc.NewClient(p.ready.Address, grpc.WithTransportCredentials(credentials.NewTLS(clientTLS(t, folder))))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	c := &seatsClient{t: t, seats: wire.NewSeatsClient(conn), caller: &wire.Caller{Instance: random()}}
	hello, err := c.seats.Connect(t.Context(), &wire.ConnectRequest{Instance: c.caller.Instance, User: "ada", Host: "build7"})
	require.NoError(t, err)
	c.caller.Session = hello.Session
	return c
}

// clientTLS reads the client certificate and the authority in a folder.
func clientTLS(t *testing.T, folder string) *tls.Config {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(filepath.Join(folder, clientCert), filepath.Join(folder, clientKey))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(folder, authorityCert))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool}
}

// takes checks out seats of version 1.0 and returns the outcome.
func (c *seatsClient) takes(feature string, count uint32) *wire.Outcome {
	c.t.Helper()
	reply, err := c.seats.Checkout(c.t.Context(), &wire.CheckoutRequest{
		Caller: c.caller, Takes: []*wire.Take{{Request: random(), Feature: feature, Major: 1, Count: count}},
	})
	require.NoError(c.t, err)
	require.Len(c.t, reply.Outcomes, 1)
	return reply.Outcomes[0]
}

// random returns a random id.
func random() []byte {
	id := make([]byte, wire.IDLength)
	rand.Read(id)
	return id
}
