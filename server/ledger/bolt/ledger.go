// Package bolt keeps the ledger of a licence server in one file, with bbolt.
package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// Ledger is the durable [ledger.Ledger]: one file. A batch for which Append returned nil survives a crash of the process
// and, on a disk that keeps what it acknowledged, a power cut.
//
//   - The first Open creates the file, with mode 0600; no later Open does. A ledger that is missing because it was lost
//     looks like a new one.
//   - One process uses the file at a time. A second one is refused with an [*InUseError].
//   - A file that was damaged, cut or put together from parts is refused with a [*DamagedError] and left unchanged. Open
//     checks every page in use; every record has a checksum, and the file keeps the sum of all checksums, too.
//   - Records that the server drops are removed later, a bounded number with each Append. The file does not shrink: it
//     uses the space again.
//   - An Append that failed is never tried again. Every later Append returns the same error.
//
// Backup and BackupTo may be called from any goroutine, the other methods as [ledger.Ledger] says.
type Ledger struct {
	path string
	test failpoint.Ledger

	mu      sync.Mutex
	session *session // from Open to Close, otherwise nil
}

// New returns the ledger in a file. It does not touch the file: Open does.
func New(path string) *Ledger { return NewForTest(path, failpoint.Ledger{Hit: failpoint.Hit}) }

// NewForTest is New with changes for the tests of this module: nothing outside of it can call NewForTest.
func NewForTest(path string, test failpoint.Ledger) *Ledger { return &Ledger{path: path, test: test} }

// Path returns where the file is.
func (l *Ledger) Path() string { return l.path }

// Open begins the use of the ledger; see [ledger.Ledger]. It creates the file when there is none. It reads the whole
// ledger, which takes about a second for a million leases, and waits up to a quarter of a second for another process to
// close it. Its errors wrap [*InUseError], [*DamagedError] and those of the file system.
func (l *Ledger) Open(replay func(ledger.Record) error) error {
	if l.opened() != nil {
		return fmt.Errorf("ledger %s: %w", l.path, readOwner(l.path))
	}
	s, err := openSession(l.path, l.test, replay)
	if err != nil {
		return fmt.Errorf("ledger %s: %w", l.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = s
	return nil
}

// Append keeps a batch; see [ledger.Ledger]. It returns when the batch is on disk.
func (l *Ledger) Append(batch ledger.Batch) error {
	s := l.opened()
	if s == nil {
		return fmt.Errorf("ledger %s: is not open", l.path)
	}
	if err := s.append(batch); err != nil {
		return fmt.Errorf("ledger %s: %w", l.path, err)
	}
	return nil
}

// Close ends the use; the file stays. A running backup is cut short and fails with [fs.ErrClosed].
func (l *Ledger) Close() error {
	l.mu.Lock()
	s := l.session
	l.session = nil
	l.mu.Unlock()
	if s == nil {
		return nil
	}
	s.backups.end() // bbolt waits for them
	if err := errors.Join(removeOwner(l.path), guardBolt(s.db.Close)); err != nil {
		return fmt.Errorf("close ledger %s: %w", l.path, err)
	}
	return nil
}

// Backup writes a copy of the ledger to w, as it is at one moment between two batches. It may be called from any goroutine
// while a server uses the ledger, and blocks for as long as w does. Commits continue meanwhile; the file grows by what
// they change. It returns the number of bytes written, and [fs.ErrClosed] when the ledger is not open or is closed
// meanwhile. Neither commits nor Close wait for w: a backup is cut short, with an error, when w takes nothing for half a
// minute, and when a commit has waited a second for the backup.
//
// A server that is started on a copy has forgotten what happened after the copy was made: it grants seats again whose
// holders use them, until those holders send their next heartbeat. Use a copy when the original is lost, not for a second
// server.
func (l *Ledger) Backup(w io.Writer) (n int64, err error) {
	s := l.opened()
	if s == nil {
		return 0, fmt.Errorf("back up ledger %s: %w", l.path, fs.ErrClosed)
	}
	if n, err = s.backups.write(s.db, w); err != nil {
		return n, fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	return n, nil
}

// BackupTo makes a copy of the ledger in a file that must not exist yet, with mode 0600. The copy gets its name, and is
// durable, after it was checked. See [Ledger.Backup].
func (l *Ledger) BackupTo(path string) error {
	s := l.opened()
	if s == nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, fs.ErrClosed)
	}
	if err := backupTo(s, path); err != nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	return nil
}

// opened returns the session, nil when the ledger is not open.
func (l *Ledger) opened() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session
}

var _ ledger.Ledger = (*Ledger)(nil)
