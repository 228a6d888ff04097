package certflags_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/internal/certflags"
	"github.com/seatbeat/seatbeat/examples/internal/devcert"
)

func TestFilesOfTheFlagsMakeTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	ca, cert, key := filepath.Join(folder, devcert.CA), filepath.Join(folder, devcert.ClientCert), filepath.Join(folder, devcert.ClientKey)

	config, err := certflags.Client(ca, cert, key)
	require.NoError(t, err)
	assert.Len(t, config.Certificates, 1)
	assert.NotNil(t, config.RootCAs)

	config, err = certflags.Client("", cert, key)
	require.NoError(t, err)
	assert.Nil(t, config.RootCAs, "the authorities of the system")
}

func TestFaultNamesTheFlagWhoseFileCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, devcert.Write(folder))
	cert, key := filepath.Join(folder, devcert.ClientCert), filepath.Join(folder, devcert.ClientKey)

	_, err := certflags.Client("", filepath.Join(folder, "none.pem"), key)
	assert.ErrorContains(t, err, "none.pem and -key")
	_, err = certflags.Client(filepath.Join(folder, "none.pem"), cert, key)
	assert.ErrorContains(t, err, "-ca ")
	_, err = certflags.Client(key, cert, key)
	assert.ErrorContains(t, err, "it contains no certificate")
}
