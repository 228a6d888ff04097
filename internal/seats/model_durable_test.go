package seats

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// The ledger compacts early and little at a time, so that a compaction runs most of the time.
func TestSeatsAreAccountedForOverRestartsOfADurableLedger(t *testing.T) {
	var l *bolt.Ledger
	end := func() {
		if l != nil {
			require.NoError(t, l.Close())
		}
	}
	defer func() { end() }()
	testModel(t, 0, func() ledger.Ledger {
		end()
		l = bolt.NewForTest(filepath.Join(t.TempDir(), "ledger.db"), failpoint.Ledger{
			NoSync: true, Compaction: failpoint.Compaction{Start: 4, Min: 1, Most: 8},
		})
		return l
	})
}
