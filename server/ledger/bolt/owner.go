package bolt

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// owner is the process that uses a ledger, in a file beside the ledger. The file only informs people. What keeps other
// processes out is the lock that bbolt holds on the ledger itself; that lock ends with the process.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func ownerFile(path string) string { return path + ".lock" }

// hostname returns the name of this machine. Tests replace it.
var hostname = os.Hostname

// writeOwner makes this process the owner of a ledger. A machine without a name is no reason not to start.
func writeOwner(path string) error {
	host, _ := hostname()
	text, err := json.Marshal(owner{PID: os.Getpid(), Host: host, Since: time.Now().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return os.WriteFile(ownerFile(path), append(text, '\n'), 0o600)
}

func removeOwner(path string) error {
	if err := os.Remove(ownerFile(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// readOwner returns the error that names the owner of a ledger, as far as it is known.
func readOwner(path string) error {
	var o owner
	if text, err := os.ReadFile(ownerFile(path)); err == nil {
		_ = json.Unmarshal(text, &o) // the file of a server that is just starting may be incomplete
	}
	return &InUseError{Path: path, PID: o.PID, Host: o.Host, Since: o.Since}
}
