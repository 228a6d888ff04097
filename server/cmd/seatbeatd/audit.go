package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
)

// auditFile appends to a file by its name, which it opens anew when it is told to: then what writes to it goes on in a
// new file after the old one got another name.
type auditFile struct {
	path string

	mu   sync.Mutex
	file *os.File
}

// auditLog returns where the audit goes, nil for nowhere, and what is to be closed after the server has stopped.
func (c serveCommand) auditLog(out io.Writer) (*slog.Logger, *auditFile, error) {
	switch c.Audit {
	case "":
		return nil, nil, nil
	case "-":
		return slog.New(slog.NewJSONHandler(out, nil)), nil, nil
	}
	a := &auditFile{path: c.Audit}
	if err := a.reopen(); err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewJSONHandler(a, nil)), a, nil
}

// reopen opens the file anew. After an error the one before stays in use. A nil file is none.
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
		_ = a.file.Close() // what was written to it is in it
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

func (a *auditFile) close() {
	if a != nil {
		_ = a.file.Close()
	}
}
