//go:build unix

package licensefile

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Opening a named pipe would wait for its writer.
func TestANamedPipeIsNoLicenceFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.lic")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := trusting(t).Load(pipe)
	assert.ErrorContains(t, err, "pipe.lic: it is no regular file")
}
