package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// tlsFiles names files in a new folder.
func tlsFiles(t *testing.T) TLSFiles {
	t.Helper()
	folder := t.TempDir()
	return TLSFiles{
		Cert: filepath.Join(folder, "server.pem"), Key: filepath.Join(folder, "server.key"), ClientCA: filepath.Join(folder, "ca.pem"),
	}
}

// fill writes the files of a server for clients with certificates of an authority.
func (f TLSFiles) fill(t *testing.T, authority *testcert.Authority) {
	t.Helper()
	cert := authority.Server().Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	for path, block := range map[string]*pem.Block{
		f.Cert:     {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		f.Key:      {Type: "PRIVATE KEY", Bytes: key},
		f.ClientCA: {Type: "CERTIFICATE", Bytes: authority.Cert().Raw},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
}

// connects reports whether a client gets an answer over a new connection.
func connects(t *testing.T, address string, config *tls.Config) bool {
	t.Helper()
	_, err := wire.NewSeatsClient(dial(t, address, credentials.NewTLS(config))).Connect(t.Context(),
		&wire.ConnectRequest{Instance: []byte("sixteen bytes ok")})
	if status.Code(err) == codes.Unavailable {
		return false
	}
	require.NoError(t, err)
	return true
}

func TestReloadedCertificatesAndAuthoritiesHoldForNewConnections(t *testing.T) {
	files, before, after := tlsFiles(t), testcert.New(t), testcert.New(t)
	files.fill(t, before)
	loaded, err := LoadTLS(files)
	require.NoError(t, err)
	_, address, _ := serve(t, Config{TLS: loaded.Config()})
	require.True(t, connects(t, address, before.Client("a", "")))
	require.False(t, connects(t, address, after.Client("a", "")))

	files.fill(t, after)
	require.NoError(t, loaded.Reload())
	assert.True(t, connects(t, address, after.Client("a", "")), "the new certificate and the new authority are in force")
	stranger := before.Client("a", "")
	stranger.RootCAs = after.Pool()
	assert.False(t, connects(t, address, stranger), "the old authority is out of force")
}

func TestFaultyTLSFilesAreRefusedAndChangeNothing(t *testing.T) {
	files, authority := tlsFiles(t), testcert.New(t)
	files.fill(t, authority)
	loaded, err := LoadTLS(files)
	require.NoError(t, err)
	_, address, _ := serve(t, Config{TLS: loaded.Config()})
	for want, spoil := range map[string]func() error{
		files.Cert:                    func() error { return os.Remove(files.Cert) },
		"key " + files.Key:            func() error { return os.WriteFile(files.Key, []byte("no key"), 0o600) },
		"it contains no certificate":  func() error { return os.WriteFile(files.ClientCA, nil, 0o600) },
		"private key does not match ": func() error { return copyFile(files.Key, otherKey(t)) },
	} {
		files.fill(t, authority)
		require.NoError(t, spoil())
		assert.ErrorContains(t, loaded.Reload(), want)
		assert.True(t, connects(t, address, authority.Client("a", "")))
	}
}

func TestACertificateThatRanOutIsRefused(t *testing.T) {
	files := tlsFiles(t)
	files.fill(t, testcert.New(t))
	_, err := files.load(time.Now().AddDate(1, 0, 0))
	assert.ErrorContains(t, err, "expired at")
}

// otherKey returns the file of another server's key.
func otherKey(t *testing.T) string {
	t.Helper()
	files := tlsFiles(t)
	files.fill(t, testcert.New(t))
	return files.Key
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
