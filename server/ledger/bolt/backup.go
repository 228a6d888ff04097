package bolt

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/server/ledger"
)

const (
	// backupStall is how long a reader of a backup may take nothing. A backup keeps every page that was in use when it
	// began, so the file grows during a backup.
	backupStall = 30 * time.Second
	// commitPatience is how long a commit waits while a backup runs. bbolt cannot map a file anew during a backup.
	commitPatience = time.Second
)

// Why a backup was cut short.
var (
	errBackupStalled  = errors.New("the reader of the backup stood still: the backup was ended, since the ledger grows during a backup")
	errBackupInTheWay = errors.New("a commit waited for the backup: the backup was ended; try again")
)

// backups are the copies that are being written. A copy never depends on its reader for its end: end releases the database
// whatever the reader does.
type backups struct {
	mu      sync.Mutex
	ended   bool // no backup begins any more
	running map[*io.PipeWriter]struct{}
}

// write writes a copy of the database to w and returns its length. The database is read on a goroutine of its own, which
// ends with the pipe: when w blocks, it blocks the caller alone.
func (b *backups) write(db *bbolt.DB, w io.Writer) (n int64, err error) {
	out, in := io.Pipe()
	if !b.begin(in) {
		return 0, fs.ErrClosed
	}
	defer b.forget(in)
	defer func() { _ = out.Close() }()
	go func() {
		_, err := backup(db, in)
		_ = in.CloseWithError(err) // nil is the end of the copy
	}()
	stall := time.AfterFunc(backupStall, func() { _ = in.CloseWithError(errBackupStalled) })
	defer stall.Stop()
	return io.Copy(writerFunc(func(p []byte) (int, error) {
		defer stall.Reset(backupStall)
		return w.Write(p)
	}), out)
}

func (b *backups) begin(in *io.PipeWriter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false
	}
	if b.running == nil {
		b.running = make(map[*io.PipeWriter]struct{})
	}
	b.running[in] = struct{}{}
	return true
}

func (b *backups) forget(in *io.PipeWriter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, in)
}

// interrupt cuts the backups that run, which then fail with err.
func (b *backups) interrupt(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for in := range b.running {
		_ = in.CloseWithError(err)
	}
}

// end cuts the backups that run, and lets no other begin.
func (b *backups) end() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.interrupt(fs.ErrClosed)
}

// writerFunc is a function as an io.Writer.
type writerFunc func(p []byte) (int, error)

// Write calls the function.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// backup writes a copy of the database to w, as it is at one moment.
func backup(db *bbolt.DB, w io.Writer) (n int64, err error) {
	err = guardBolt(func() error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			n, err = tx.WriteTo(&metaPageOrder{w: w, pageSize: db.Info().PageSize, newestIsOdd: tx.ID()%2 == 1})
			return err
		})
	})
	return n, err
}

// backupTo writes a copy to a file that must not exist yet. The copy gets its name after it was checked as Open checks a
// ledger.
func backupTo(s *session, path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // a leftover is in nobody's way
	if _, err := s.backups.write(s.db, temporary); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if _, err := Replay(temporary.Name(), func(ledger.Record) error { return nil }); err != nil {
		return err
	}
	if err := giveName(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// metaPageOrder puts the two meta pages of a copy in the order in which commits would have left them. bbolt always writes
// the newer one first. When the newest transaction is odd, the next commit to the copy would then overwrite the newest
// state instead of the one before it.
type metaPageOrder struct {
	w           io.Writer
	pageSize    int
	newestIsOdd bool
	metas       []byte // until both have been written to it
	passed      bool   // both have been passed on
}

func (m *metaPageOrder) Write(b []byte) (int, error) {
	if m.passed {
		return m.w.Write(b)
	}
	taken := min(len(b), 2*m.pageSize-len(m.metas))
	m.metas = append(m.metas, b[:taken]...)
	if len(m.metas) < 2*m.pageSize {
		return taken, nil
	}
	first, second := m.metas[:m.pageSize:m.pageSize], m.metas[m.pageSize:]
	if m.newestIsOdd {
		native.PutUint64(first, 1)
		native.PutUint64(second, 0)
		first, second = second, first
	}
	m.passed = true
	if _, err := m.w.Write(append(append([]byte(nil), first...), second...)); err != nil {
		return 0, err
	}
	n, err := m.w.Write(b[taken:])
	return taken + n, err
}
