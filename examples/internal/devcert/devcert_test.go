package devcert_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
)

func TestServerAndClientOfOneFolderTrustEachOther(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	assert.NoError(t, handshake(t, folder, folder))
}

func TestClientOfAnotherFolderIsRefused(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	require.NoError(t, devcert.Write(folder))
	require.NoError(t, devcert.Write(other))
	assert.Error(t, handshake(t, folder, other))
}

// handshake returns the error of the server of one folder, for the client of another one.
func handshake(t *testing.T, serverFolder, clientFolder string) error {
	t.Helper()
	serverConfig, err := devcert.Server(serverFolder)
	require.NoError(t, err)
	clientConfig, err := devcert.Client(clientFolder)
	require.NoError(t, err)
	clientConfig.ServerName = "127.0.0.1"
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer there.Close()
		client := tls.Client(there, clientConfig)
		_ = client.Handshake()
		_, _ = io.Copy(io.Discard, client)
	}()
	err = tls.Server(here, serverConfig).Handshake()
	require.NoError(t, here.Close())
	<-done
	return err
}
