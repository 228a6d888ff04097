package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gofrs/flock"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/messages"
)

// OutageStore keeps the outages of servers for longer than a process lives; see DownLimit.Store.
type OutageStore = outage.Store

// lockRetry is the pause between two tries to get the lock: the system's own waiting could not be ended by a context.
const lockRetry = 5 * time.Millisecond

// FileStore is an OutageStore in one file, which the programs of one user on one machine share. Make it with NewFileStore.
// Its methods may be called by any number of goroutines, stores and processes at once.
//
// What Merge returned nil for survives a crash of the program and of the machine. A crash in the middle of a write leaves
// at most a torn record at the end, of a Merge that did not return; the next call cuts it off and logs that. Any other
// damage is an [*OutageFileError], and the file is left as it is.
//
// Beside the file there are one whose name ends in ".lock", which stays, and while the file is rewritten one that ends in
// ".tmp". A process that dies lets go of the lock; one that hangs keeps it, and the others wait as long as their contexts
// let them.
//
// The file keeps outages for MaxWindow, whatever windows the programs have: who learns late of an old restart can then
// tell that it is old. It is rewritten when it is larger than 64 KB and half of it is history. That keeps the newest
// actors.KeptOutages of each server, and of the servers the 64 that something happened to last.
type FileStore struct {
	// Logger is told of a first run and of a record that was cut off. Nil discards. It is read by each call.
	Logger *slog.Logger

	path    string
	now     func() time.Time // the wall clock; nil: that of the system
	compact int64            // the size above which history is removed; 0: compactAbove
}

// NewFileStore returns a store in the file with this path, which need not exist; its directory must. The file is made by the
// first Merge, for its owner only. Nothing is opened before a call and nothing stays open after it.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Load returns what the file says of every server. No file means nothing is known, which is logged. It waits for the lock
// until ctx ends; reading and writing itself takes what the disk takes.
func (s *FileStore) Load(ctx context.Context) (map[string]messages.OutageRecord, error) {
	known, first := make(map[string]messages.OutageRecord), false
	err := s.locked(ctx, func(f *outageFile, _ time.Time) error {
		first = f.file == nil
		for _, r := range f.log.known {
			known[r.Server] = r.OutageRecord
		}
		if f.future {
			return f.rewrite()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if first {
		s.logger().Info("there is no outage file yet: outages are counted from now on", "file", s.path)
	}
	return known, nil
}

// Merge adds what was seen of a server to what the file says, by actors.Merge, and returns both together. When
// there is nothing new nothing is written. It waits for the lock until ctx ends; reading and writing itself takes what the
// disk takes. After an error the file may or may not have what was seen; merging it again does no harm.
func (s *FileStore) Merge(ctx context.Context, serverID string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	if err := checkOutages(serverID, seen); err != nil {
		return messages.OutageRecord{}, fmt.Errorf("merge outages: %w", err)
	}
	var merged messages.OutageRecord
	err := s.locked(ctx, func(f *outageFile, now time.Time) error {
		before := f.log.record(serverID)
		merged = outage.Merge(before, seen, now, MaxWindow)
		switch same := sameOutages(before, merged); {
		case same && f.future:
			return f.rewrite()
		case same:
			return f.sync()
		}
		return f.save(serverOutages{Server: serverID, OutageRecord: merged}, cmp.Or(s.compact, compactAbove))
	})
	if err != nil {
		return messages.OutageRecord{}, err
	}
	return merged, nil
}

// locked opens the file while no other process does, puts right what a crash or a wrong clock left, and calls do.
func (s *FileStore) locked(ctx context.Context, do func(f *outageFile, now time.Time) error) (err error) {
	if s.path == "" {
		return errors.New("open outage file: it has no path: use NewFileStore")
	}
	var cut int64
	defer func() {
		if cut > 0 { // with the lock let go: who knows how long a logger takes
			s.logger().Warn("the outage file ended in a torn record, which was cut off", "file", s.path, "bytes", cut)
		}
	}()
	// One lock for each call, since a lock that is held is not waited for by who holds it. For writing, as NFS wants it.
	lock := flock.New(s.path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(outageFileMode))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return fmt.Errorf("lock outage file %s: %w", s.path, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	f, err := openOutageFile(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if cut, err = f.cutTorn(); err != nil {
		return err
	}
	now := s.wall() // read with the lock held: what others wrote before is not in the future
	f.future = f.log.settle(now)
	return do(f, now)
}

func (s *FileStore) wall() time.Time {
	if s.now == nil {
		return time.Now()
	}
	return s.now()
}

func (s *FileStore) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}

// checkOutages reports what a file could not keep as it is.
func checkOutages(serverID string, r messages.OutageRecord) error {
	if serverID == "" {
		return errors.New("the server has no ServerID")
	}
	for _, id := range []string{serverID, r.Last.ServerID} {
		if len(id) > messages.MaxServerID || !utf8.ValidString(id) {
			return fmt.Errorf("ServerID %q is not text of at most %d bytes", id, messages.MaxServerID)
		}
	}
	if err := checkBootID(r.Last.BootID); err != nil {
		return err
	}
	for _, o := range r.Outages {
		if err := checkBootID(o.BootID); err != nil {
			return err
		}
		if year := o.Down.UTC().Year(); year < 0 {
			return fmt.Errorf("the outage began in the year %d, which has no text", year)
		}
	}
	return nil
}

func checkBootID(id string) error {
	if len(id) > messages.MaxBootID || !utf8.ValidString(id) {
		return fmt.Errorf("BootID %q is not text of at most %d bytes", id, messages.MaxBootID)
	}
	return nil
}

// sameOutages reports whether two results of MergeOutages are equal.
func sameOutages(a, b messages.OutageRecord) bool {
	return a.Last == b.Last && slices.Equal(a.Outages, b.Outages)
}
