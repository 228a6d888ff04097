// Package failpoint lets tests in other packages stop or kill the process at a named point of a commit, and change how
// ledgers in files work.
package failpoint

// Hit, when it is set, is called by each ledger made from then on, at each named point of a commit: begun, put, compacted,
// committed. Tests set it before they make a ledger; in a program it is nil.
var Hit func(point string)

// Ledger is what a test changes in one ledger in a file.
type Ledger struct {
	// Hit is called at each named point of a commit; nil: no function is called.
	Hit func(point string)
	// NoSync commits without waiting for the disk, which is enough while the process lives.
	NoSync bool
	// Compaction replaces the default bounds, unless it is zero.
	Compaction Compaction
}

// Compaction bounds when a ledger begins to remove the records that the server dropped, and how fast.
type Compaction struct {
	Start     int // how many records have to be dropped before a compaction begins
	Min, Most int // how many records one commit removes
}
