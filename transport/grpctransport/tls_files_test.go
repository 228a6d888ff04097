package grpctransport_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// clientFiles writes a client's certificate and key, and the authority, as PEM files.
func clientFiles(t *testing.T, folder string, client *tls.Config, authority *testcert.Authority) grpctransport.TLSFiles {
	files := grpctransport.TLSFiles{
		Cert: filepath.Join(folder, "client.pem"), Key: filepath.Join(folder, "client.key"), CA: filepath.Join(folder, "ca.pem"),
	}
	pair := client.Certificates[0]
	key, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	write := func(file, kind string, der []byte) {
		var text bytes.Buffer
		require.NoError(t, pem.Encode(&text, &pem.Block{Type: kind, Bytes: der}))
		require.NoError(t, os.WriteFile(file, text.Bytes(), 0o600))
	}
	write(files.Cert, "CERTIFICATE", pair.Certificate[0])
	write(files.Key, "EC PRIVATE KEY", key)
	write(files.CA, "CERTIFICATE", authority.Cert().Raw)
	return files
}

// startFileHarness starts a server and a client that reads its certificate from files.
func startFileHarness(t *testing.T) (*harness, *testcert.Authority, *grpctransport.TLS, string) {
	authority, folder := testcert.New(t), t.TempDir()
	files, err := grpctransport.LoadTLS(clientFiles(t, folder, authority.Client("ada", ""), authority))
	require.NoError(t, err)
	s := startHarness(t, server.Config{TLS: authority.Server()}, grpctransport.Config{Files: files})
	return s, authority, files, folder
}

func TestACertificateThatIsRenewedInItsFileNeedsNoRestart(t *testing.T) {
	s, authority, files, folder := startFileHarness(t)
	transport := grpctransport.New(s.client)
	first, err := transport.Connect(soon(t), s.address)
	require.NoError(t, err)
	defer first.Close()

	other := testcert.New(t) // the authority changes, too: everything that was read before is of no use
	clientFiles(t, folder, other.Client("ada", ""), other)
	s.config.TLS = other.Server()
	s.restart()
	second, err := transport.Connect(soon(t), s.address)
	require.NoError(t, err)
	defer second.Close()
	assert.NoError(t, files.Fault())
	_ = authority
}

func TestASessionThatConnectsAnewUsesTheRenewedCertificate(t *testing.T) {
	s, _, _, folder := startFileHarness(t)
	session := s.connect()
	other := testcert.New(t)
	clientFiles(t, folder, other.Client("ada", ""), other)
	s.config.TLS = other.Server()
	s.restart()
	require.Eventually(t, func() bool {
		_, err := session.Heartbeat(soon(t), nil)
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
}

// A renewal that is half written, or wrong, must not take away what works.
func TestFilesThatCannotBeReadLeaveWhatWasReadBefore(t *testing.T) {
	s, _, files, folder := startFileHarness(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "client.pem"), []byte("half a certificate"), 0o600))
	session := s.connect()
	defer session.Close()
	assert.ErrorContains(t, files.Fault(), "client.pem")
	assert.False(t, files.Expires().IsZero())
}

func TestLoadTLSNamesTheFileThatIsWrong(t *testing.T) {
	authority := testcert.New(t)
	good := clientFiles(t, t.TempDir(), authority.Client("ada", ""), authority)
	expired := clientFiles(t, t.TempDir(), authority.Expired("ada"), authority)
	ofServer := clientFiles(t, t.TempDir(), authority.Server(), authority)
	for _, c := range []struct {
		name, want string
		files      grpctransport.TLSFiles
	}{
		{"absent", "absent.pem", grpctransport.TLSFiles{Cert: "absent.pem", Key: good.Key}},
		{"no key", "Key", grpctransport.TLSFiles{Cert: good.Cert}},
		{"another's key", "do", grpctransport.TLSFiles{Cert: good.Cert, Key: expired.Key}},
		{"expired", "expired at", expired},
		{"of a server", "not a client certificate", ofServer},
		{"no authority", good.Key, grpctransport.TLSFiles{CA: good.Key}},
	} {
		_, err := grpctransport.LoadTLS(c.files)
		assert.ErrorContains(t, err, c.want, c.name)
	}
	_, err := grpctransport.LoadTLS(grpctransport.TLSFiles{})
	assert.NoError(t, err, "a client without a certificate that trusts the system's authorities")
}

func TestATransportTellsWhenItsCertificateExpires(t *testing.T) {
	authority, folder := testcert.New(t), t.TempDir()
	client := authority.Client("ada", "")
	expires := client.Certificates[0].Leaf
	if expires == nil {
		var err error
		expires, err = x509.ParseCertificate(client.Certificates[0].Certificate[0])
		require.NoError(t, err)
	}
	inMemory := client.Clone()
	inMemory.Certificates[0].Leaf = nil
	files, err := grpctransport.LoadTLS(clientFiles(t, folder, client, authority))
	require.NoError(t, err)
	fromFiles := grpctransport.New(grpctransport.Config{Files: files})
	for _, c := range []*grpctransport.Transport{fromFiles, grpctransport.New(grpctransport.Config{TLS: inMemory})} {
		at, fault := c.Certificate()
		require.NoError(t, fault)
		assert.Equal(t, expires.NotAfter, at)
	}
	for _, none := range []grpctransport.Config{{Insecure: true}, {}, {TLS: &tls.Config{}}} {
		at, fault := grpctransport.New(none).Certificate()
		require.NoError(t, fault)
		assert.Zero(t, at)
	}
	require.NoError(t, os.Remove(filepath.Join(folder, "client.pem")))
	at, fault := fromFiles.Certificate()
	assert.ErrorContains(t, fault, "client.pem")
	assert.Equal(t, expires.NotAfter, at, "what was read before is in use")
}
