package outagefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	// fileMode keeps other users from adding outages and from reading which servers there are.
	fileMode fs.FileMode = 0o600
	// compactAbove is the size above which a file is rewritten when at least half of it is superseded records.
	compactAbove = 64 << 10
	// maxFile is a size that no outage file reaches. A larger file is something else and is not read into memory.
	maxFile = 64 << 20
)

// file is an outage file that is open for one call, which holds the lock.
type file struct {
	path    string
	handle  *os.File // nil while the file does not exist
	records *records
	torn    int64 // bytes after the intact lines
	future  bool  // a record has a time in the future: the file must be rewritten
}

// openFile opens and reads the file, if it exists.
func openFile(path string) (*file, error) {
	f := &file{path: path, records: new(records)}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("open outage file: %w", err)
	case !info.Mode().IsRegular():
		// A rewrite would replace a link by a file, and programs that use the other name would take another lock.
		return nil, fmt.Errorf("open outage file: %s is not a regular file: name the file itself", path)
	case info.Size() > maxFile:
		return nil, &DamagedError{Path: path, Line: 1, Problem: fmt.Sprintf("no outage file has %d bytes", info.Size())}
	}
	if f.handle, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, fmt.Errorf("open outage file: %w", err)
	}
	if err := f.read(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// isNew reports whether the file does not exist yet.
func (f *file) isNew() bool { return f.handle == nil }

func (f *file) read() error {
	text, err := io.ReadAll(f.handle)
	if err != nil {
		return fmt.Errorf("read outage file: %w", err)
	}
	decoded, damage := decode(f.path, text)
	if damage != nil {
		return damage
	}
	f.records, f.torn = decoded, int64(len(text))-decoded.size
	return nil
}

// cutTorn removes the torn record at the end and returns its size.
func (f *file) cutTorn() (int64, error) {
	if f.torn == 0 {
		return 0, nil
	}
	err := f.handle.Truncate(f.records.size)
	if err == nil {
		err = f.handle.Sync()
	}
	if err != nil {
		return 0, fmt.Errorf("repair outage file: %w", err)
	}
	return f.torn, nil
}

// normalize drops outages that have left MaxWindow and corrects times that are after now.
func (f *file) normalize(now time.Time) { f.future = f.records.normalize(now) }

// save writes a record that supersedes the earlier ones of its server. The file is not used after it.
func (f *file) save(r serverOutages, compact int64) error {
	line, _, err := encodeRecord(r, f.records.sum)
	if err != nil {
		return err
	}
	f.records.put(r)
	whole, err := f.records.encode()
	if err != nil {
		return err
	}
	grown := f.records.size + int64(len(line))
	if worthwhile := grown > compact && int64(len(whole)) <= grown/2; f.isNew() || f.future || worthwhile {
		return f.replace(whole)
	}
	return f.append(line)
}

// append writes a record at the end. When it fails, it tries to remove the part that was written.
func (f *file) append(line []byte) error {
	_, err := f.handle.WriteAt(line, f.records.size)
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		return fmt.Errorf("write outage file: %w", errors.Join(err, f.handle.Truncate(f.records.size)))
	}
	return nil
}

// sync makes the contents and the name of the file durable. It is called even when nothing was written: another process
// may have been killed between its write or rename and its own sync.
func (f *file) sync() error {
	if f.isNew() {
		return nil
	}
	if err := f.handle.Sync(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}

// rewrite writes the file without superseded records. The file is not used after it.
func (f *file) rewrite() error {
	whole, err := f.records.encode()
	if err != nil {
		return err
	}
	return f.replace(whole)
}

// replace gives the file this text. At any moment the file is either the old one or the new one.
func (f *file) replace(text []byte) error {
	temp := f.path + ".tmp"
	if err := f.close(); err != nil { // some systems don't rename onto an open file
		return err
	}
	err := writeSynced(temp, text)
	if err == nil {
		err = os.Rename(temp, f.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(f.path))
	}
	if err != nil {
		return fmt.Errorf("rewrite outage file: %w", err)
	}
	return nil
}

func (f *file) close() error {
	if f.handle == nil {
		return nil
	}
	handle := f.handle
	f.handle = nil
	if err := handle.Close(); err != nil {
		return fmt.Errorf("close outage file: %w", err)
	}
	return nil
}

// writeSynced creates a file, and first removes one that a crash left there. When it returns nil, the contents are durable.
func writeSynced(path string, text []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Sync()
	}
	return errors.Join(err, temp.Close())
}

// syncFolder makes the names in a folder durable. Windows has no such call and needs none for a rename.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
