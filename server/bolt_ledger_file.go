package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// lockWait is how long Open waits for another process: one that is just ending.
	lockWait = 250 * time.Millisecond
	// mappedAtFirst is how much address space the file may fill before it is mapped anew, which has to wait for a backup
	// under way, and the commit with it. It costs no memory.
	mappedAtFirst = min(1<<34, math.MaxInt/4)
)

// openBolt opens the file, exclusively to write or together with other readers. A file that bbolt is to write to was
// checked before.
func openBolt(path string, readOnly bool) (*bbolt.DB, error) {
	options := bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly,
		// Where free pages are is found out at each start: to write that down would cost each commit a page and more.
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
	}
	if !readOnly && runtime.GOOS != "windows" { // where a map makes the file as long as itself
		options.InitialMmapSize = mappedAtFirst
	}
	var db *bbolt.DB
	err := contain(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &options)
		return err
	})
	switch pathError := (*fs.PathError)(nil); {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, userOf(path)
	case errors.As(err, &pathError):
		return nil, err
	default:
		return nil, damage("%v", err)
	}
}

// load makes the file if there is none, checks and replays it, and opens it to write.
func (l *BoltLedger) load(replay func(Record) error) (*bbolt.DB, boltHead, error) {
	if err := createBolt(l.path); err != nil {
		return nil, boltHead{}, err
	}
	head, err := replayBolt(l.path, replay)
	if err != nil {
		return nil, boltHead{}, named(l.path, err)
	}
	db, err := openBolt(l.path, false)
	if err != nil {
		return nil, boltHead{}, named(l.path, err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if uint64(tx.ID()) != head.tx {
			return errors.New("was written to by another program while it was being loaded")
		}
		return nil
	})
	if err == nil {
		err = noteUser(l.path)
	}
	if err != nil {
		return nil, boltHead{}, errors.Join(err, db.Close())
	}
	return db, head, nil
}

// replayBolt checks and replays a file, with a lock on it that keeps writers away but not other readers.
func replayBolt(path string, replay func(Record) error) (boltHead, error) {
	if info, err := os.Stat(path); err != nil {
		return boltHead{}, err
	} else if info.Size() == 0 {
		return boltHead{}, damage("it is empty")
	}
	lock, err := openBolt(path, true)
	if err != nil {
		return boltHead{}, err
	}
	head, err := readBolt(path, replay)
	return head, errors.Join(err, contain(lock.Close))
}

// named puts the path into errors that have room for it.
func named(path string, err error) error {
	if d, ok := errors.AsType[*LedgerDamagedError](err); ok {
		d.Path = path
	}
	return err
}

// createBolt makes a new ledger if there is none. It gets its name when it is whole, so that a crash leaves none or a
// good one, and never takes the name of one that another process made meanwhile.
func createBolt(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(path); err == nil {
		return syncFolder(folder) // the crash of an earlier start may have come in between
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // what is left of it is in nobody's way
	if err := errors.Join(temporary.Close(), fillBolt(temporary.Name())); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

// fillBolt makes an empty file an empty ledger.
func fillBolt(path string) error {
	db, err := openBolt(path, false)
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
		return new(boltHead).store(tx)
	})
	return errors.Join(err, db.Close())
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // where a folder cannot be synced
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// boltUser is who uses a ledger, in a file beside it. It only tells people: what keeps others out is the lock that bbolt
// holds on the ledger itself, which ends with the process.
type boltUser struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func userFile(path string) string { return path + ".lock" }

func noteUser(path string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	user, err := json.Marshal(boltUser{PID: os.Getpid(), Host: host, Since: time.Now().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return os.WriteFile(userFile(path), append(user, '\n'), 0o600)
}

func forgetUser(path string) error {
	if err := os.Remove(userFile(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// userOf returns the error that says who uses a ledger, as far as that is known.
func userOf(path string) error {
	var user boltUser
	if text, err := os.ReadFile(userFile(path)); err == nil {
		_ = json.Unmarshal(text, &user) // of one that is just starting it may not be whole
	}
	return &LedgerInUseError{Path: path, PID: user.PID, Host: user.Host, Since: user.Since}
}
