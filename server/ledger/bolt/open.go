package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/seatbeat/seatbeat/server/ledger"
)

const (
	// lockWait is how long Open waits for the lock of another process, which may be about to end.
	lockWait = 250 * time.Millisecond
	// initialMmap is the address space reserved for the file. When the file outgrows it bbolt maps the file anew, which
	// waits for a running backup and makes the commit wait, too. Reserving costs no memory.
	initialMmap = min(1<<34, math.MaxInt/4)
)

// Replay checks the ledger in a file as Open does, passes each record to replay, in order, and returns the number of
// records. It changes nothing, and excludes servers but not other readers meanwhile. It fails with an [*InUseError] while
// a server uses the ledger, with a [*DamagedError] when Open would, with [fs.ErrNotExist] when there is no file, and with
// the error of replay. That the file is undamaged is known only when Replay returns nil.
func Replay(path string, replay func(ledger.Record) error) (records uint64, err error) {
	h, err := replayFile(path, replay)
	if err != nil {
		return 0, fmt.Errorf("ledger %s: %w", path, withPath(path, err))
	}
	return h.count, nil
}

// replayFile checks and replays a file, with a lock on it that keeps writers away but not other readers.
func replayFile(path string, replay func(ledger.Record) error) (head, error) {
	if info, err := os.Stat(path); err != nil {
		return head{}, err
	} else if info.Size() == 0 {
		return head{}, damage("it is empty")
	}
	lock, err := openDB(path, true)
	if err != nil {
		return head{}, explain(path, err)
	}
	h, err := readFile(path, replay)
	return h, errors.Join(err, guardBolt(lock.Close))
}

// explain returns why bbolt could not open a file: the damage in it if there is any, otherwise the error of bbolt or of the
// system. Only what was read and found wrong is damage.
func explain(path string, err error) error {
	if _, inUse := errors.AsType[*InUseError](err); inUse {
		return err
	}
	if isSystem(err) {
		return fmt.Errorf("cannot be opened, though nothing is known to be wrong with it: %w", err)
	}
	_, fault := readFile(path, func(ledger.Record) error { return nil })
	if _, damaged := errors.AsType[*DamagedError](fault); damaged {
		return fault
	}
	return err
}

// openDB opens a file with bbolt, for reading or, exclusively, for writing. Before bbolt writes to a file, readFile must
// have checked it.
func openDB(path string, readOnly bool) (*bbolt.DB, error) {
	options := bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly,
		// The free pages are found at each start. Storing the list would cost every commit a page and more.
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
	}
	if !readOnly && runtime.GOOS != "windows" { // on Windows a mapping makes the file as long as itself
		options.InitialMmapSize = initialMmap
	}
	var db *bbolt.DB
	open := func() (err error) {
		db, err = bbolt.Open(path, 0o600, &options)
		return err
	}
	err := guardBolt(open)
	for errors.Is(err, syscall.ENOMEM) && options.InitialMmapSize > 0 { // address space may be limited
		options.InitialMmapSize /= 8
		err = guardBolt(open)
	}
	switch pathError := (*fs.PathError)(nil); {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, readOwner(path)
	case errors.As(err, &pathError):
		return nil, err
	default:
		return nil, err
	}
}

// isSystem reports whether an error came from the operating system, and so says nothing about the contents of a file.
func isSystem(err error) bool {
	_, number := errors.AsType[syscall.Errno](err)
	_, path := errors.AsType[*fs.PathError](err)
	return number || path
}

// createFile creates a new ledger when there is none. The file gets its name when it is complete, so that a crash leaves
// no ledger or a good one, and it never replaces a ledger that another process created meanwhile.
func createFile(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(path); err == nil {
		return syncFolder(folder) // an earlier start may have crashed between Link and the sync of the folder
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // a leftover is in nobody's way
	if err := errors.Join(temporary.Close(), fillFile(temporary.Name())); err != nil {
		return err
	}
	if err := giveName(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

// link makes a hard link. Tests replace it.
var link = os.Link

// giveName gives a complete file its name, and fails with [fs.ErrExist] when the name is taken. Where there are no hard
// links the name is reserved by an empty file first; a crash between the two leaves that.
func giveName(temporary, path string) error {
	err := link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	reserved, fault := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if fault != nil {
		return fault
	}
	return errors.Join(reserved.Close(), os.Rename(temporary, path))
}

// fillFile makes an empty file an empty ledger.
func fillFile(path string) error {
	db, err := openDB(path, false)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(recordsBucket)
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket(headBucket); err != nil {
			return err
		}
		return new(head).store(tx)
	})
	return errors.Join(err, db.Close())
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // a folder cannot be synced there
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
