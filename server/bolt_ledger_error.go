package server

import (
	"fmt"
	"time"
)

// LedgerInUseError: another process, or another server in this one, uses the ledger. Stop that one first; never remove
// the file: two servers would then issue the same seats. The fields but Path are zero when it is not known who it is.
type LedgerInUseError struct {
	Path string
	// PID and Host say which process uses it, Since says since when.
	PID   int
	Host  string
	Since time.Time
}

// Error names who uses the ledger.
func (e *LedgerInUseError) Error() string {
	if e.PID == 0 {
		return "is in use by another server"
	}
	return fmt.Sprintf("is in use by another server: process %d on %s, since %s", e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// LedgerDamagedError: the file is not what a server left there. It was not changed. Restore it from a backup, with the
// disk in doubt; leases that were granted since are forgotten then. Without a backup it can be moved away for a new one
// to be made, which forgets every lease and is another server to its clients.
type LedgerDamagedError struct {
	Path string
	// Damage is what was found first.
	Damage string
}

// Error says what was found and what to do.
func (e *LedgerDamagedError) Error() string {
	return fmt.Sprintf("the file is damaged or is no ledger of this version: %s; it was left as it is: restore %s from a backup, "+
		"or move it away to begin a new ledger without any lease", e.Damage, e.Path)
}

// damage is a finding in a file whose path the caller adds.
func damage(format string, args ...any) error {
	return &LedgerDamagedError{Damage: fmt.Sprintf(format, args...)}
}
