package main

import (
	"fmt"
	"os"
	"sync"
)

// auditFile appends to a file that can be reopened by its name, so that records go to a new file after the old one was
// renamed. A nil auditFile is valid and has no file.
type auditFile struct {
	path string

	mu   sync.Mutex
	file *os.File
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
	a.file = file
	return nil
}

// Write appends a record.
func (a *auditFile) Write(record []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.file.Write(record)
}

// close closes the file. Nothing may be written afterwards.
func (a *auditFile) close() {
	if a != nil {
		_ = a.file.Close()
	}
}
