package main

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestTheServiceEndsWhenItsSeatIsRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time is virtual in here
		network := transporttest.NewNetwork()
		lic1 := network.AddServer("127.0.0.1:6200", map[string]int{"cad": 1})
		ended := make(chan error)
		go func() { ended <- hold(t.Context(), network) }()

		time.Sleep(time.Hour)
		lic1.Restart() // the seat is resumed
		time.Sleep(time.Hour)
		assert.Equal(t, 1, lic1.Held("cad"))

		lic1.RevokeFeature("cad")
		assert.ErrorIs(t, <-ended, messages.ErrLost)
	})
}

func TestTheServiceGivesItsSeatBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		lic1 := network.AddServer("127.0.0.1:6200", map[string]int{"cad": 1})
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		assert.NoError(t, hold(ctx, network))
		assert.Zero(t, lic1.Held("cad"))
	})
}

func TestTheServiceReachesAServerThatAsksForItsCertificate(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	file := func(name string) string { return filepath.Join(folder, name) }
	config, err := mutualTLS(file(devcert.ClientCert), file(devcert.ClientKey), file(devcert.CA))
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	session, err := grpctransport.New(config).Connect(ctx, serve(t, folder))
	require.NoError(t, err)
	require.NoError(t, session.Close())
}

func TestAFileThatCannotBeUsedIsNamed(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	cert, key := filepath.Join(folder, devcert.ClientCert), filepath.Join(folder, devcert.ClientKey)

	_, err := mutualTLS(filepath.Join(folder, "none.pem"), key, cert)
	assert.ErrorContains(t, err, "none.pem")
	_, err = mutualTLS(cert, key, filepath.Join(folder, "none.pem"))
	assert.ErrorContains(t, err, "none.pem")
	_, err = mutualTLS(cert, key, key)
	assert.ErrorContains(t, err, devcert.ClientKey+": it contains no certificate")
}

// serve starts a licence server that asks its clients for a certificate of the authority in a folder.
func serve(t *testing.T, folder string) transport.Address {
	t.Helper()
	security, err := devcert.Server(folder)
	require.NoError(t, err)
	srv, err := server.New(server.Config{Ledger: &ledger.Memory{}, TLS: security})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, srv.Stop(context.Background()))
		assert.NoError(t, <-served)
	})
	return transport.Address(listener.Addr().String())
}
