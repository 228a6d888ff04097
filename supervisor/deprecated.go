package supervisor

import "github.com/seatbeat/seatbeat/supervisor/outagefile"

// FileStore is an OutageStore in a file.
//
// Deprecated: use outagefile.FileStore.
type FileStore = outagefile.FileStore

// OutageFileError says that an outage file is damaged.
//
// Deprecated: use outagefile.DamagedError.
type OutageFileError = outagefile.DamagedError

// NewFileStore returns a store in the file with this path.
//
// Deprecated: use outagefile.NewFileStore.
func NewFileStore(path string) *FileStore { return outagefile.NewFileStore(path) }

// Names of the values of CountMode until CountOutages and CountRestarts.
const (
	// Deprecated: use CountOutages.
	Outages = CountOutages
	// Deprecated: use CountRestarts.
	Restarts = CountRestarts
)
