//go:build unix

package endtoend

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A service whose log goes to a pipe that nobody reads any more: after 64 KB each write blocks for ever.
func TestALogThatNobodyReadsNeitherStopsHeartbeatsNorKeepsALicense(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1, shortTimeout)
	c := runWith(t, fullPipe(t), os.Args[0], "service", envServer+"="+s.address, envLog+"=1", envEnforce+"=1",
		envOutages+"="+filepath.Join(t.TempDir(), "outages"))
	require.Equal(t, "held", c.answer())
	time.Sleep(3 * shortTimeout)
	require.Equal(t, 1, s.used(), "heartbeats go on")
	s.stop()
	c.waitFor("LicenseLost")
	s.start()
	began := time.Now()
	c.end()
	assert.Less(t, time.Since(began), time.Minute, "the end does not wait for the log")
}

// fullPipe returns the end of a pipe that takes no more, because nobody reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	for _, size := range []int{4096, 1} {
		require.NoError(t, w.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		for err = nil; err == nil; {
			_, err = w.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	return w
}
