package bolt

import (
	"slices"

	"github.com/seatbeat/seatbeat/internal/failpoint"
)

// defaultCompaction begins when it is worth it, and removes so few records with each commit that no commit waits long.
var defaultCompaction = failpoint.Compaction{Start: 4096, Min: 256, Most: 4096}

// compaction holds the records that the server dropped and that are still in the file.
//
// Records are removed in runs. When a quarter of all records is dropped, a run begins: it removes the records dropped so
// far in the order of their numbers, some with each commit. Removing each record at once would write a page for each,
// scattered over the file, which halves the commit rate. A run finds several of them on each page and needs no commit of
// its own.
//
// A crash loses this list and nothing else, since the server finds again what is obsolete when it loads the ledger. That
// holds at any moment of a run, because no end is removed before its grant: the grant has the lower number and was dropped
// earlier, so a run that includes the end includes the grant.
type compaction struct {
	bounds  failpoint.Compaction
	waiting []uint64 // for the next run
	run     []uint64 // the rest of the current run, in order
}

func newCompaction(bounds failpoint.Compaction) compaction {
	if bounds == (failpoint.Compaction{}) {
		bounds = defaultCompaction
	}
	return compaction{bounds: bounds}
}

// add notes dropped records, and begins a run when enough of the kept records are dropped.
func (c *compaction) add(dropped []uint64, kept uint64) {
	c.waiting = append(c.waiting, dropped...)
	if len(c.run) == 0 && len(c.waiting) >= c.bounds.Start && uint64(len(c.waiting)) >= kept/4 {
		c.run, c.waiting = c.waiting, nil
		slices.Sort(c.run)
	}
}

// running reports whether a run is not finished.
func (c *compaction) running() bool { return len(c.run) > 0 }

// next returns the records that the next commit removes: twice as many as it drops, so that the run ends.
func (c *compaction) next(dropped int) []uint64 {
	n := min(len(c.run), c.bounds.Most, max(c.bounds.Min, 2*dropped))
	next := c.run[:n]
	c.run = c.run[n:]
	return next
}
