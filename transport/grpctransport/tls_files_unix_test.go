//go:build unix

package grpctransport_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file on a server that is away: whoever opens it waits.
func TestFilesThatHangHoldUpNoConnect(t *testing.T) {
	s, _, files, folder := startFileHarness(t)
	hanging := filepath.Join(folder, "client.pem")
	require.NoError(t, os.Remove(hanging))
	require.NoError(t, syscall.Mkfifo(hanging, 0o600))
	for range 3 {
		assert.NoError(t, s.connect().Close())
	}
	assert.False(t, files.Expires().IsZero())
	release, err := os.OpenFile(hanging, os.O_RDWR, 0) // whoever reads gets an empty file at last
	require.NoError(t, err)
	require.NoError(t, release.Close())
	assert.Eventually(t, func() bool { return files.Fault() != nil }, 10*time.Second, 10*time.Millisecond)
}
