package bolt

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// session is the use of a ledger from Open to Close. The goroutine that uses the ledger owns it; only db and
// backups are for others, too.
type session struct {
	db      *bbolt.DB
	backups backups
	test    failpoint.Ledger

	failed     error  // of the Append that failed
	last       uint64 // Seq of the newest record
	head       head
	compaction compaction
	buf        []byte // for the records of one batch
}

// openSession creates the file when there is none, checks and replays it, and opens it for writing.
func openSession(path string, test failpoint.Ledger, replay func(ledger.Record) error) (*session, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	s := &session{test: test, compaction: newCompaction(test.Compaction)}
	h, err := replayFile(path, func(r ledger.Record) error {
		s.last = r.Seq
		return replay(r)
	})
	if err != nil {
		return nil, withPath(path, err)
	}
	s.head = h
	if s.db, err = openDB(path, false); err != nil {
		return nil, fmt.Errorf("open for writing: %w", err)
	}
	s.db.NoSync, s.db.NoGrowSync = test.NoSync, test.NoSync
	if err = s.checkUnchanged(); err == nil {
		err = writeOwner(path)
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// checkUnchanged fails when another program wrote to the file between its check and the lock on it.
func (s *session) checkUnchanged() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		if uint64(tx.ID()) != s.head.tx {
			return errors.New("was written to by another program while it was being loaded")
		}
		return nil
	})
}

// append keeps a batch, and fails without a try after an append that failed.
func (s *session) append(batch ledger.Batch) error {
	if s.failed == nil {
		late := time.AfterFunc(commitPatience, func() { s.backups.interrupt(errBackupInTheWay) })
		s.failed = s.commit(batch)
		late.Stop()
	}
	return s.failed
}

// commit runs one transaction: it adds the new records, removes some of the dropped ones and stores the head, which counts
// both.
func (s *session) commit(batch ledger.Batch) error {
	s.compaction.add(batch.Drop, s.head.count)
	if len(batch.Records) == 0 && !s.compaction.running() {
		return nil
	}
	h, last, buf := s.head, s.last, s.buf[:0]
	err := guardBolt(func() error {
		return s.db.Update(func(tx *bbolt.Tx) (err error) {
			s.hit("begun")
			records := tx.Bucket(recordsBucket)
			records.FillPercent = 1 // records are only appended: a full page stays full until it is compacted
			for _, r := range batch.Records {
				if r.Seq <= last {
					return fmt.Errorf("record %d is appended after record %d", r.Seq, last)
				}
				last = r.Seq
				if buf, err = h.put(records, r, buf); err != nil {
					return err
				}
			}
			s.hit("put")
			if err := h.compact(records, s.compaction.next(len(batch.Drop))); err != nil {
				return err
			}
			s.hit("compacted")
			return h.store(tx)
		})
	})
	if err != nil {
		return err
	}
	s.hit("committed")
	s.head, s.last, s.buf = h, last, buf
	return nil
}

func (s *session) hit(point string) {
	if s.test.Hit != nil {
		s.test.Hit(point)
	}
}

// guardBolt turns a panic of bbolt into an error, and also a fault of the memory that the file is mapped to. Both mean
// that the file is not as bbolt left it, or cannot be read any more.
func guardBolt(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bbolt panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return run()
}
