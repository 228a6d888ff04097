package bolt

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/server/ledger"
)

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
func backupTo(db *bbolt.DB, path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // a leftover is in nobody's way
	if _, err := backup(db, temporary); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if _, err := Replay(temporary.Name(), func(ledger.Record) error { return nil }); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil {
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
