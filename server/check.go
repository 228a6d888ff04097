package server

import (
	"fmt"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// LedgerReport is the result of CheckBoltLedger.
type LedgerReport struct {
	// ServerID and Epoch are of the last start on the ledger. The Epoch of the next start is higher by one.
	ServerID string
	Epoch    uint64
	// Leases is how many leases are held, Ended how many ended leases and cancelled requests are remembered.
	Leases, Ended int
	// Records is how many records the file holds, including obsolete ones that are not removed yet.
	Records uint64
}

// CheckBoltLedger checks the ledger in a file, as a server does when it starts, and reports its contents. It changes
// nothing. It fails with a [*bolt.InUseError] while a server uses the ledger, with a [*bolt.DamagedError] when a server
// would refuse it, and with [fs.ErrNotExist] when there is no ledger. It takes about as long as the start of a server.
func CheckBoltLedger(path string) (LedgerReport, error) {
	limits := Config{}.withDefaults().Limits.seats()
	allocator := seats.New(seats.Config{Limits: limits}, seats.NewClients(limits, 0))
	replay := seats.NewReplay(allocator)
	records, err := bolt.Replay(path, replay.Add)
	if err != nil {
		return LedgerReport{}, fmt.Errorf("check %w", err)
	}
	last := replay.Done()
	return LedgerReport{
		ServerID: last.ServerID, Epoch: last.Epoch,
		Leases: allocator.Held(), Ended: allocator.Remembered(), Records: records,
	}, nil
}
