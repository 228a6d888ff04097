package licensefile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads a licence file for [Verifier.Open] and [ParseUnverified]. Of a file that is too large it returns one byte
// more than MaxSize, which both refuse.
func ReadFile(path string) ([]byte, error) {
	file, err := readFile(path, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("read licence file: %w", err)
	}
	return file, nil
}

// WriteFile writes a licence file, readable by everybody, since a licence is no secret. The file must not exist.
func WriteFile(path string, file []byte) error {
	if err := writeNew(path, string(file), 0o644); err != nil {
		return fmt.Errorf("write licence file: %w", err)
	}
	return nil
}

// writeNew writes a file that must not exist. After an error the file does not exist either.
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

// readFile reads a regular file, at most one byte more than bound.
func readFile(path string, bound int64) ([]byte, error) {
	info, err := os.Stat(path) // before Open, which would wait for the writer of a named pipe
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
