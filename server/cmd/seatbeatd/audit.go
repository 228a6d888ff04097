package main

import (
	"fmt"
	"os"
	"sync"
)

// auditFile appends to a file that can be reopened by its name, so that records go to a new file after the old one was
// renamed. It keeps lines whole: a record of which the disk took a part is removed again. A nil auditFile is valid and has
// no file.
type auditFile struct {
	path string

	mu   sync.Mutex
	file *os.File
	torn bool // the file may end with a part of a record
}

func openAuditFile(path string) (*auditFile, error) {
	a := &auditFile{path: path}
	if err := a.reopen(); err != nil {
		return nil, err
	}
	return a, nil
}

// reopen opens the file again by its name, and creates it if it is missing. After an error the previous file stays in use.
func (a *auditFile) reopen() error {
	if a == nil {
		return nil
	}
	file, err := os.OpenFile(a.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("--audit: open audit: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		_ = a.file.Close() // its records are in the file already: nothing is buffered
	}
	a.file, a.torn = file, endsTorn(a.path)
	return nil
}

// endsTorn reports whether a file ends within a line: a crash or a full disk may have left that.
func endsTorn(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return true // an empty line more does no harm
	}
	defer func() { _ = file.Close() }()
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err != nil || last[0] != '\n'
}

// Write appends a record, or nothing.
func (a *auditFile) Write(record []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	line := record
	if a.torn {
		line = append([]byte{'\n'}, record...)
	}
	n, err := a.file.Write(line)
	if err == nil {
		a.torn = false
		return len(record), nil
	}
	if n > 0 {
		a.torn = a.removeLast(int64(n)) != nil || a.torn
	}
	return 0, err
}

// removeLast removes the last bytes of the file.
func (a *auditFile) removeLast(n int64) error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	return a.file.Truncate(info.Size() - n)
}

// close closes the file. Nothing may be written afterwards.
func (a *auditFile) close() {
	if a != nil {
		_ = a.file.Close()
	}
}
