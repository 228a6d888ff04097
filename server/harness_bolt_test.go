package server

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// boltPath returns where a test can put a ledger.
func boltPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

// unsynced returns a ledger that does not wait for the disk, for tests whose process lives on.
func unsynced(path string) *bolt.Ledger { return bolt.NewForTest(path, failpoint.Ledger{NoSync: true}) }

// compacting returns an unsynced ledger that compacts within these bounds.
func compacting(path string, bounds failpoint.Compaction) *bolt.Ledger {
	return bolt.NewForTest(path, failpoint.Ledger{NoSync: true, Compaction: bounds})
}

// replayed opens a ledger and returns its records.
func replayed(t require.TestingT, l ledger.Ledger) (records []ledger.Record) {
	require.NoError(t, l.Open(func(r ledger.Record) error {
		records = append(records, r)
		return nil
	}))
	return records
}
