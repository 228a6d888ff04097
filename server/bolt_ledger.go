package server

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/server/internal/steps"
)

// BoltLedger is the durable [Ledger]: one file, kept with bbolt. What Append returned nil for survives a crash of the
// process and, on a disk that does what it says, a power cut.
//
//   - The file is made by the first Open, with mode 0600, and by no later one: a ledger that is missing because it was
//     lost looks like a new one.
//   - One process uses it at a time; a second one is refused with a [*LedgerInUseError].
//   - A file that was damaged, cut or put together from parts is refused with a [*LedgerDamagedError] and left as it is:
//     every page that is in use is checked by Open, every record has a checksum, and the sum of them all is kept too.
//   - What the server drops is removed later, a bounded number of records with each Append. The file does not shrink:
//     the room is used again.
//   - An Append that failed is never tried again: every later one returns the same error.
//
// Backup and BackupTo may be called from any goroutine, the rest as [Ledger] says.
type BoltLedger struct {
	path   string
	step   func(name string) // told of each step of an Append; for tests that crash there, else nil
	sweeps sweepBounds
	used   boltUse // of the goroutine that uses the ledger

	mu sync.Mutex
	db *bbolt.DB // while the ledger is open
}

// boltUse is what is known from Open to Close.
type boltUse struct {
	failed error // of the Append that failed
	last   uint64
	head   boltHead
	drops  boltDrops
	buf    []byte // for the records of one batch
}

// NewBoltLedger returns the ledger in a file. It does not touch the file: Open does.
func NewBoltLedger(path string) *BoltLedger {
	return &BoltLedger{path: path, step: steps.Reached, sweeps: defaultSweeps}
}

// Open begins the use of the ledger; see [Ledger]. It makes the file when there is none. It reads the whole ledger, which
// takes about a second for a million leases, and waits up to a quarter of a second for another process to let go of it.
// Its errors wrap [*LedgerInUseError], [*LedgerDamagedError] and those of the file system.
func (l *BoltLedger) Open(replay func(Record) error) error {
	if l.opened() != nil {
		return fmt.Errorf("ledger %s: %w", l.path, userOf(l.path))
	}
	use := boltUse{drops: boltDrops{bounds: l.sweeps}}
	read := func(r Record) error {
		use.last = r.Seq
		return replay(r)
	}
	db, head, err := l.load(read)
	if err != nil {
		return fmt.Errorf("ledger %s: %w", l.path, err)
	}
	use.head = head
	l.used = use
	l.mu.Lock()
	defer l.mu.Unlock()
	l.db = db
	return nil
}

// Append keeps a batch; see [Ledger]. It returns when the disk has it.
func (l *BoltLedger) Append(batch Batch) error {
	db := l.opened()
	switch {
	case db == nil:
		return fmt.Errorf("ledger %s: is not open", l.path)
	case l.used.failed != nil:
		return l.used.failed
	}
	if err := l.append(db, batch); err != nil {
		l.used.failed = fmt.Errorf("ledger %s: %w", l.path, err)
	}
	return l.used.failed
}

// append runs one transaction: new records, some of the sweep, and the head that tells of both.
func (l *BoltLedger) append(db *bbolt.DB, batch Batch) error {
	u := &l.used
	u.drops.add(batch.Drop, u.head.count)
	if len(batch.Records) == 0 && !u.drops.sweeping() {
		return nil
	}
	head, last, buf := u.head, u.last, u.buf[:0]
	err := contain(func() error {
		return db.Update(func(tx *bbolt.Tx) (err error) {
			l.reached("begun")
			records := tx.Bucket(recordsBucket)
			records.FillPercent = 1 // records are appended: a page that is full stays so until it is swept
			for _, r := range batch.Records {
				if r.Seq <= last {
					return fmt.Errorf("record %d is appended after record %d", r.Seq, last)
				}
				last = r.Seq
				if buf, err = head.put(records, r, buf); err != nil {
					return err
				}
			}
			l.reached("put")
			if err := head.sweep(records, u.drops.due(len(batch.Drop))); err != nil {
				return err
			}
			l.reached("swept")
			return head.store(tx)
		})
	})
	if err != nil {
		return err
	}
	l.reached("committed")
	u.head, u.last, u.buf = head, last, buf
	return nil
}

// Close ends the use; the file stays. It waits for a backup under way.
func (l *BoltLedger) Close() error {
	l.mu.Lock()
	db := l.db
	l.db = nil
	l.mu.Unlock()
	if db == nil {
		return nil
	}
	l.used = boltUse{}
	if err := errors.Join(forgetUser(l.path), contain(db.Close)); err != nil {
		return fmt.Errorf("close ledger %s: %w", l.path, err)
	}
	return nil
}

// opened returns the database, nil when the ledger is not open.
func (l *BoltLedger) opened() *bbolt.DB {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.db
}

func (l *BoltLedger) reached(step string) {
	if l.step != nil {
		l.step(step)
	}
}

// contain makes an error of a panic of bbolt, and of a fault of the memory that the file is mapped to: both mean that
// the file is not as it was left, or cannot be read any more.
func contain(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bbolt panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return run()
}
