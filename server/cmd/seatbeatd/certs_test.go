package main

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCertificatesOfOneFolderHaveOneAuthority(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "certs")
	for _, args := range [][]string{{"--server", "lic1.example.org,192.0.2.7", "--client", "ada"}, {"--client", "build7,grace"}} {
		made := runProgram(t, nil, append([]string{"certs", "--out", folder}, args...)...)
		require.Zero(t, made.status, made.errors)
	}
	text, err := os.ReadFile(filepath.Join(folder, authorityCert))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	for name, use := range map[string]x509.ExtKeyUsage{
		"server": x509.ExtKeyUsageServerAuth, "ada": x509.ExtKeyUsageClientAuth,
		"build7": x509.ExtKeyUsageClientAuth, "grace": x509.ExtKeyUsageClientAuth,
	} {
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key"))
		require.NoError(t, err)
		_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{use}})
		assert.NoError(t, err, name)
		assert.Equal(t, []x509.ExtKeyUsage{use}, pair.Leaf.ExtKeyUsage, name)
		if name == "server" {
			assert.NoError(t, pair.Leaf.VerifyHostname("lic1.example.org"))
			assert.NoError(t, pair.Leaf.VerifyHostname("192.0.2.7"))
		}
	}
}

func TestOnlyTheirOwnerCanReadTheKeysOfCerts(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "certs")
	require.Zero(t, runProgram(t, nil, "certs", "--out", folder, "--server", "localhost", "--client", "ada").status)
	for _, name := range []string{"ca.key", "server.key", "ada.key"} {
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode(), name)
	}
}

func TestCertsOverwritesNothing(t *testing.T) {
	folder := t.TempDir()
	require.Zero(t, runProgram(t, nil, "certs", "--out", folder, "--server", "localhost", "--client", "ada").status)
	before := contents(t, folder)

	again := runProgram(t, nil, "certs", "--out", folder, "--client", "grace,ada")
	assert.Equal(t, exitFailed, again.status)
	assert.Contains(t, again.errors, filepath.Join(folder, "ada.pem")+" already exists and is not overwritten")
	assert.Equal(t, before, contents(t, folder), "the other certificate was not made either")

	require.NoError(t, os.Rename(filepath.Join(folder, authorityKey), filepath.Join(t.TempDir(), authorityKey)))
	delete(before, authorityKey)
	orphaned := runProgram(t, nil, "certs", "--out", folder, "--client", "grace")
	assert.Equal(t, exitFailed, orphaned.status)
	assert.Contains(t, orphaned.errors, "the authority needs both "+filepath.Join(folder, authorityCert))
	assert.Equal(t, before, contents(t, folder))
}

// contents returns the contents of the files in a folder, by name.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	texts := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		require.NoError(t, err)
		texts[entry.Name()] = string(text)
	}
	return texts
}
