package server

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// divert makes the open file of a ledger refer to another file, as if the disk had changed into it.
func divert(t *testing.T, l *bolt.Ledger, to string) {
	t.Helper()
	other, err := os.OpenFile(to, os.O_RDWR, 0)
	require.NoError(t, err)
	defer other.Close()
	all, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	diverted := false
	for _, link := range all {
		if path, err := os.Readlink(link); err == nil && path == l.Path() {
			var fd int
			for _, digit := range filepath.Base(link) {
				fd = 10*fd + int(digit-'0')
			}
			require.NoError(t, syscall.Dup3(int(other.Fd()), fd, syscall.O_CLOEXEC))
			diverted = true
		}
	}
	require.True(t, diverted)
}

// On /dev/full every write fails. On /dev/null only the sync fails, so that a server that does not sync, or ignores the
// result, would believe that all is well.
func TestAGrantThatTheDiskDoesNotTakeEndsTheServer(t *testing.T) {
	for device, fault := range map[string]error{"/dev/full": syscall.ENOSPC, "/dev/null": syscall.EINVAL} {
		l := bolt.New(boltPath(t))
		s, address, served := serve(t, Config{Ledger: l, Features: plenty})
		a := attacker{t: t, seats: plain(t, address)}
		a.caller = connectRaw(t, a.seats)
		a.granted(takeOfOne("f")) // from now on the file has room, and does not grow
		divert(t, l, device)
		_, err := a.seats.Checkout(t.Context(), a.asksFor(takeOfOne("f")))
		require.Error(t, err, "%s: a seat was granted that is nowhere", device)
		assert.Nil(t, refusalIn(err), device)
		assert.Contains(t, []codes.Code{codes.Unavailable, codes.Canceled}, status.Code(err))
		require.ErrorIs(t, <-served, fault, device)
		assert.ErrorIs(t, s.Stop(t.Context()), fault)
		assert.Len(t, heldIn(t, l.Path()), 1)
	}
}
