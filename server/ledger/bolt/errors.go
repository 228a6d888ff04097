package bolt

import (
	"errors"
	"fmt"
	"time"
)

// InUseError says that another process, or another server in this process, uses the ledger. Stop that server first. Never
// remove the file: two servers would then grant the same seats. Fields other than Path are zero when the user is not
// known.
type InUseError struct {
	Path string
	// PID and Host identify the process that uses the ledger, Since says since when.
	PID   int
	Host  string
	Since time.Time
}

// Error names the process that uses the ledger.
func (e *InUseError) Error() string {
	if e.PID == 0 {
		return "is in use by another server"
	}
	if e.Host == "" {
		return fmt.Sprintf("is in use by another server: process %d, since %s", e.PID, e.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("is in use by another server: process %d on %s, since %s", e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// DamagedError says that the file is not what a server left there. The file was not changed. Restore it from a backup, and
// mistrust the disk; the leases granted since the backup are forgotten then. Without a backup move the file away, so that
// a new one is created: that forgets every lease, and to its clients the server is another server.
type DamagedError struct {
	Path string
	// Damage is the first fault found.
	Damage string
}

// Error says what was found and what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("the file is damaged or is no ledger of this version: %s; it was left as it is: restore %s from a backup, "+
		"or move it away to begin a new ledger without any lease", e.Damage, e.Path)
}

// damage is a fault of a file. withPath adds the path.
func damage(format string, args ...any) error {
	return &DamagedError{Damage: fmt.Sprintf(format, args...)}
}

// withPath adds the path to a DamagedError.
func withPath(path string, err error) error {
	if d, ok := errors.AsType[*DamagedError](err); ok {
		d.Path = path
	}
	return err
}
