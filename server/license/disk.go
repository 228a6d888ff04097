package license

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads a licence file for [Verifier.Open] and [Peek]: of one that is too large a byte more than they take.
func ReadFile(path string) ([]byte, error) {
	file, err := readFile(path, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("read licence file: %w", err)
	}
	return file, nil
}

// WriteFile writes a licence file that is not there yet, for all to read: it is no secret.
func WriteFile(path string, file []byte) error {
	if err := writeNew(path, string(file), 0o644); err != nil {
		return fmt.Errorf("write licence file: %w", err)
	}
	return nil
}

// writeNew writes a file that is not there yet. A failure leaves none.
func writeNew(path, text string, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is not overwritten: choose another name, or move it away: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// readFile reads a regular file, and one byte more than bound of one that is larger.
func readFile(path string, bound int64) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: opening a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is no regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, bound+1))
	return text, cmp.Or(err, file.Close())
}
