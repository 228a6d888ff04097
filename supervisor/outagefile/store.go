// Package outagefile keeps the outages of licence servers in a file, so that programs that run for seconds are counted
// together: see supervisor.DownLimit and docs/rules.md, section 3, rule 5.
package outagefile

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
	"github.com/seatbeat/seatbeat/internal/logqueue"
	"github.com/seatbeat/seatbeat/messages"
)

// lockRetry is the pause between two attempts to get the lock. The system's own call to wait for a lock cannot be ended by
// a context.
const lockRetry = 5 * time.Millisecond

// logWait is how long a call waits for the handler of the Logger.
const logWait = time.Second

// FileStore is a supervisor.OutageStore in one file that the programs of one user on one machine share. Make it with
// NewFileStore. Any number of goroutines, stores and processes may call its methods at once.
//
// Outages that Merge returned without an error survive a crash of the program and of the machine. A crash during a write
// leaves at most a torn record at the end of the file, from a Merge that did not return; the next call cuts that record
// off and logs it. Any other damage is reported as a [*DamagedError], and the file is left as it is.
//
// Beside the file stands a lock file whose name ends in ".lock" and, while the file is rewritten, one whose name ends in
// ".tmp". When a process dies, the system releases its lock. When a process hangs, it keeps the lock, and the others wait
// until their contexts end.
//
// The file keeps outages for MaxWindow. When it is larger than 64 KB and at least half of it is superseded records, it is
// rewritten with the newest outage.MaxKept outages of the KeptServers servers that changed last.
type FileStore struct {
	// Logger gets a record for the first run, when there is no file yet, and for each torn record that was cut off. Nil
	// discards. Each call reads it: set it before the first one. A handler that hangs holds a call up by a second.
	Logger *slog.Logger

	path    string
	now     func() time.Time // the wall clock; nil: that of the system
	compact int64            // the size above which superseded records are removed; 0: compactAbove
}

// NewFileStore returns a store in the file with this path. It opens nothing: each call opens the file and closes it again.
// The file need not exist, but its directory must. The first Merge creates the file, readable and writable for its owner
// only.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Load returns the outages of every server in the file, by ServerID. When there is no file yet, it logs that and returns
// an empty map. It blocks until it has the lock, at most until ctx ends; ctx does not interrupt reading and writing.
//
// Errors: a [*DamagedError], an error of the file system, or that of ctx.
func (s *FileStore) Load(ctx context.Context) (map[string]messages.OutageRecord, error) {
	known, first := make(map[string]messages.OutageRecord), false
	err := s.locked(ctx, func(f *file, _ time.Time) error {
		first = f.isNew()
		for _, r := range f.records.servers {
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
		s.log(slog.LevelInfo, "there is no outage file yet: outages are counted from now on", "file", s.path)
	}
	return known, nil
}

// Merge adds the outages that this program saw of one server to those in the file, as outage.Merge does, and
// returns the result. When the file has all of them already, nothing is written. Merge blocks until it has the lock, at
// most until ctx ends; ctx does not interrupt reading and writing.
//
// Errors are those of Load, and one for a record that the file could not keep unchanged. After an error the outages may or
// may not be in the file; merging them again does no harm.
func (s *FileStore) Merge(ctx context.Context, serverID string, seen messages.OutageRecord) (messages.OutageRecord, error) {
	if err := checkOutages(serverID, seen); err != nil {
		return messages.OutageRecord{}, fmt.Errorf("merge outages: %w", err)
	}
	var merged messages.OutageRecord
	err := s.locked(ctx, func(f *file, now time.Time) error {
		before := f.records.of(serverID)
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

// locked takes the lock, opens the file, repairs what a crash or a wrong clock left in it, and calls do.
func (s *FileStore) locked(ctx context.Context, do func(f *file, now time.Time) error) (err error) {
	if s == nil || s.path == "" {
		return errors.New("open outage file: it has no path: use NewFileStore")
	}
	if ctx == nil {
		return &messages.FieldError{Field: "ctx", Problem: "is nil: pass the caller's context, or context.Background()"}
	}
	var cut int64
	defer func() {
		if cut > 0 { // after the lock was released: a logger may take long
			s.log(slog.LevelWarn, "the outage file ended in a torn record, which was cut off", "file", s.path, "bytes", cut)
		}
	}()
	// Each call has a lock of its own: a goroutine would not wait for a lock that its own store holds. The lock file is
	// opened for writing because NFS requires that.
	lock := flock.New(s.path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(fileMode))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return fmt.Errorf("lock outage file %s: %w", s.path, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	f, err := openFile(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if cut, err = f.cutTorn(); err != nil {
		return err
	}
	now := s.wall() // read under the lock, so that records of other processes are not in the future
	f.normalize(now)
	return do(f, now)
}

func (s *FileStore) wall() time.Time {
	if s.now == nil {
		return time.Now()
	}
	return s.now()
}

// log writes a record, and waits at most logWait for the handler.
func (s *FileStore) log(level slog.Level, text string, args ...any) {
	if s.Logger == nil {
		return
	}
	queue, logger := logqueue.New(s.Logger.Handler())
	logger.Log(context.Background(), level, text, args...)
	queue.Close(logWait)
}

// checkOutages returns an error for a record that the file could not keep unchanged.
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
			return fmt.Errorf("the outage began in the year %d, which cannot be written as text", year)
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

// sameOutages reports whether two results of outage.Merge are equal.
func sameOutages(a, b messages.OutageRecord) bool {
	return a.Last == b.Last && slices.Equal(a.Outages, b.Outages)
}
