package supervisor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	// outageFileMode lets only the owner count, and see which servers there are.
	outageFileMode fs.FileMode = 0o600
	// compactAbove is the size above which a file is rewritten when half of it is history.
	compactAbove = 64 << 10
	// maxOutageFile is a size that no outage file reaches: what is larger is something else and not read into memory.
	maxOutageFile = 64 << 20
)

// outageFile is an outage file that is open for one call, which holds the lock.
type outageFile struct {
	path   string
	file   *os.File // nil when there is none yet
	log    *outageLog
	torn   int64 // bytes after the intact lines
	future bool  // the file has times that are in the future
}

// openOutageFile opens and reads the file, if there is one.
func openOutageFile(path string) (*outageFile, error) {
	f := &outageFile{path: path, log: new(outageLog)}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("open outage file: %w", err)
	case !info.Mode().IsRegular():
		// A link would be replaced by a file, and whoever takes the other name has another lock.
		return nil, fmt.Errorf("open outage file: %s is not a regular file: name the file itself", path)
	case info.Size() > maxOutageFile:
		return nil, &OutageFileError{Path: path, Line: 1, Problem: fmt.Sprintf("no outage file has %d bytes", info.Size())}
	}
	if f.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, fmt.Errorf("open outage file: %w", err)
	}
	if err := f.read(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *outageFile) read() error {
	text, err := io.ReadAll(f.file)
	if err != nil {
		return fmt.Errorf("read outage file: %w", err)
	}
	log, damage := decodeOutages(text)
	if damage != nil {
		damage.Path = f.path
		return damage
	}
	f.log, f.torn = log, int64(len(text))-log.size
	return nil
}

// cutTorn removes the torn record at the end, and returns its size.
func (f *outageFile) cutTorn() (int64, error) {
	if f.torn == 0 {
		return 0, nil
	}
	err := f.file.Truncate(f.log.size)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return 0, fmt.Errorf("repair outage file: %w", err)
	}
	return f.torn, nil
}

// save writes what is known of a server from now on. The file is not used after it.
func (f *outageFile) save(r serverOutages, compact int64) error {
	line, _, err := encodeRecord(r, f.log.sum)
	if err != nil {
		return err
	}
	f.log.put(r)
	whole, err := f.log.encode()
	if err != nil {
		return err
	}
	grown := f.log.size + int64(len(line))
	if worthwhile := grown > compact && int64(len(whole)) <= grown/2; f.file == nil || f.future || worthwhile {
		return f.replace(whole)
	}
	return f.append(line)
}

// append writes a record at the end. Where it fails it tries to leave nothing.
func (f *outageFile) append(line []byte) error {
	_, err := f.file.WriteAt(line, f.log.size)
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		return fmt.Errorf("write outage file: %w", errors.Join(err, f.file.Truncate(f.log.size)))
	}
	return nil
}

// sync makes durable what the file says, its name included: a process that was killed may have written or renamed it, and
// not have come as far as this.
func (f *outageFile) sync() error {
	if f.file == nil {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}

// rewrite writes what is known, without history. The file is not used after it.
func (f *outageFile) rewrite() error {
	whole, err := f.log.encode()
	if err != nil {
		return err
	}
	return f.replace(whole)
}

// replace puts a file with this text in the place of the one there is. It is either or, at any moment.
func (f *outageFile) replace(text []byte) error {
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

func (f *outageFile) close() error {
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	if err := file.Close(); err != nil {
		return fmt.Errorf("close outage file: %w", err)
	}
	return nil
}

// writeSynced makes a file, in the place of one that a crash left. When it returns nil the contents are on the disk.
func writeSynced(path string, text []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, outageFileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder makes the names in a folder durable. Windows has no such call, and needs none for a rename.
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
