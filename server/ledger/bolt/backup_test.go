package bolt

import (
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// A backup whose reader stood still kept its transaction open, and Close waited for that for ever.
func TestABackupWhoseReaderStandsStillHoldsUpNoClose(t *testing.T) {
	l := unsynced(newPath(t))
	require.Empty(t, replayed(t, l))
	came, gate := make(chan struct{}), make(chan struct{})
	backedUp := make(chan error, 1)
	go func() {
		_, err := l.Backup(writerFunc(func(p []byte) (int, error) {
			close(came)
			<-gate
			return 0, io.ErrShortWrite
		}))
		backedUp <- err
	}()
	<-came
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(1, 0)}}))
	require.NoError(t, l.Close())
	close(gate)
	assert.Error(t, <-backedUp)
}

func TestABackupThatIsInterruptedFailsAndTheNextWorks(t *testing.T) {
	l := unsynced(newPath(t))
	require.Empty(t, replayed(t, l))
	s := l.opened()
	_, err := l.Backup(writerFunc(func(p []byte) (int, error) {
		s.backups.interrupt(errBackupInTheWay)
		return len(p), nil
	}))
	require.ErrorIs(t, err, errBackupInTheWay)
	n, err := l.Backup(io.Discard)
	require.NoError(t, err)
	assert.Positive(t, n)
	require.NoError(t, l.Close())
	_, err = l.Backup(io.Discard)
	assert.ErrorIs(t, err, fs.ErrClosed)
}
