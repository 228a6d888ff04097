package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
)

func TestARefusalIsShownServerByServer(t *testing.T) {
	t.Parallel()
	files := writeCerts(t)
	status, _, stderr := runProgram(t, "-servers", "127.0.0.1:1,"+files.server(t), "-feature", "cad:2.1:3",
		"-ca", files.ca, "-cert", files.cert, "-key", files.key)
	assert.Equal(t, failed, status)
	assert.Contains(t, stderr, "\n  127.0.0.1:1: Unanswered, ")
	assert.Contains(t, stderr, "\n    is the server running")
	assert.Contains(t, stderr, ": NoSeats, ")
}

func TestACertificateOfAnotherAuthorityIsHintedAt(t *testing.T) {
	t.Parallel()
	files, other := writeCerts(t), writeCerts(t)
	status, _, stderr := runProgram(t, "-servers", files.server(t), "-feature", "cad",
		"-ca", other.ca, "-cert", files.cert, "-key", files.key)
	assert.Equal(t, failed, status)
	assert.Contains(t, stderr, "\n    -ca must be")
}

// A server with TLS ends the connection; whether the client sees that while it reads or while it writes is chance.
func TestEveryCauseHasItsHint(t *testing.T) {
	for cause, want := range map[string]string{
		"connect lic1:6200: authentication handshake failed: tls: failed to verify certificate: x509: unknown authority": "-ca must be",
		"connect lic1:6200: error reading server preface: remote error: tls: unknown certificate authority":              "-ca must be",
		"connect lic1:6200: authentication handshake failed: tls: first record does not look like a TLS handshake":       "both sides use TLS",
		"connect lic1:6200: write tcp 127.0.0.1:1->127.0.0.1:6200: write: broken pipe":                                   "both sides use TLS",
		"connect lic1:6200: error reading server preface: EOF":                                                           "both sides use TLS",
		"connect lic1:6200: dial tcp 127.0.0.1:6200: connect: connection refused":                                        "is the server running",
	} {
		assert.Contains(t, hint(cause), want, cause)
	}
}

// certFiles are the files that the flags name, and the server that trusts them.
type certFiles struct {
	folder, ca, cert, key string
	clientTimeout         time.Duration // of the server
	running               *licenseServer
}

func writeCerts(t *testing.T) *certFiles {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	return &certFiles{
		folder: folder, clientTimeout: clientTimeout, ca: filepath.Join(folder, devcert.CA),
		cert: filepath.Join(folder, devcert.ClientCert), key: filepath.Join(folder, devcert.ClientKey),
	}
}

// server starts a licence server and returns its address.
func (f *certFiles) server(t *testing.T) string {
	t.Helper()
	tlsConfig, err := devcert.Server(f.folder)
	require.NoError(t, err)
	f.running = newLicenseServer("S1", tlsConfig)
	f.running.config.ClientTimeout = f.clientTimeout
	require.NoError(t, f.running.start())
	t.Cleanup(func() { assert.NoError(t, f.running.stop()) })
	return string(f.running.address)
}

func (f *certFiles) seatsInUse(t *testing.T) (used int) {
	t.Helper()
	status, err := f.running.running.Status(t.Context())
	require.NoError(t, err)
	for _, feature := range status.Features {
		used += feature.Used
	}
	return used
}
