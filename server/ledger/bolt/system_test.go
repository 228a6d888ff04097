package bolt

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file system without hard links could hold no ledger, and no backup.
func TestALedgerNeedsNoHardLinks(t *testing.T) {
	defer func(before func(string, string) error) { link = before }(link)
	link = func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} }
	l := unsynced(newPath(t))
	require.Empty(t, replayed(t, l))
	copied := newPath(t)
	require.NoError(t, l.BackupTo(copied))
	assert.ErrorIs(t, l.BackupTo(copied), os.ErrExist)
	require.NoError(t, l.Close())
	require.Empty(t, replayed(t, unsynced(copied))[:0])
}

// An error of the system was taken for damage, and the advice was to move the ledger away.
func TestAnErrorOfTheSystemIsNoDamage(t *testing.T) {
	for _, number := range []syscall.Errno{syscall.ENOLCK, syscall.ENOMEM, syscall.EOPNOTSUPP} {
		err := explain(newPath(t), number)
		var damaged *DamagedError
		assert.NotErrorAs(t, err, &damaged)
		assert.ErrorIs(t, err, number)
	}
}
