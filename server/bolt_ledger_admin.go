package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// LedgerReport is what CheckBoltLedger found in a ledger.
type LedgerReport struct {
	// ServerID and Epoch are of the last start on the ledger; the next start has an Epoch higher by one.
	ServerID string
	Epoch    uint64
	// Leases is how many leases are held, Ended how many ended leases and cancelled requests are remembered.
	Leases, Ended int
	// Records is how many records the file holds, those included that are void and not yet removed.
	Records uint64
}

// CheckBoltLedger checks the ledger in a file, as Open does, and tells what is in it. It changes nothing. It fails with a
// [*LedgerInUseError] while a server uses the ledger, with a [*LedgerDamagedError] when a server would refuse it, and
// with [fs.ErrNotExist] when there is none. It takes about as long as the start of a server.
func CheckBoltLedger(path string) (LedgerReport, error) {
	cfg := Config{}.withDefaults()
	book := newBook(cfg, newClients(cfg.Limits, cfg.RetryAfter), nil)
	l := &loader{book: book, holders: make(map[Holder]*client)}
	head, err := replayBolt(path, l.replay)
	if err != nil {
		return LedgerReport{}, fmt.Errorf("check ledger %s: %w", path, named(path, err))
	}
	book.reclaim()
	return LedgerReport{
		ServerID: l.start.ServerID, Epoch: l.start.Epoch,
		Leases: book.held, Ended: book.tombs.len(), Records: head.count,
	}, nil
}

// Backup writes a copy of the ledger to w: as it was at one moment, between two batches. It may be called from any
// goroutine while a server uses the ledger, and blocks for as long as w takes it. Commits go on meanwhile; the file
// grows by what they change. It returns the number of bytes written, and [fs.ErrClosed] when the ledger is not open.
//
// A server that is started on a copy has forgotten what came after it: seats granted since are issued again while their
// holders still use them, until their next heartbeat. A copy is for the loss of the original, not for a second server.
func (l *BoltLedger) Backup(w io.Writer) (n int64, err error) {
	db := l.opened()
	if db == nil {
		return 0, fmt.Errorf("back up ledger %s: %w", l.path, fs.ErrClosed)
	}
	err = contain(func() error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			n, err = tx.WriteTo(&metaOrder{w: w, pageSize: db.Info().PageSize, newestIsOdd: tx.ID()%2 == 1})
			return err
		})
	})
	if err != nil {
		return n, fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	return n, nil
}

// BackupTo makes a copy of the ledger in a file that must not exist yet, with mode 0600. The copy has its name, and is
// durable, once it was checked. See [BoltLedger.Backup].
func (l *BoltLedger) BackupTo(path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // what is left of it is in nobody's way
	if _, err := l.Backup(temporary); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	if _, err := CheckBoltLedger(temporary.Name()); err != nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	if err := os.Link(temporary.Name(), path); err != nil {
		return fmt.Errorf("back up ledger %s: %w", l.path, err)
	}
	return syncFolder(filepath.Dir(path))
}

// metaOrder puts the two meta pages of a copy where commits would have put them. bbolt always writes the newer one
// first; the next commit would then overwrite the newest state of a copy whose transaction is odd, instead of the one
// before it.
type metaOrder struct {
	w           io.Writer
	pageSize    int
	newestIsOdd bool
	metas       []byte // until both are there
	passed      bool
}

func (m *metaOrder) Write(b []byte) (int, error) {
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
