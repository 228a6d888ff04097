package admin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// tokenBytes is the length of a token before it is written as text.
const tokenBytes = 32

// Token opens the administration.
type Token string

// ReadToken reads a token from a file. One that others than its owner may use is refused.
func ReadToken(path string) (Token, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if raw, err := hex.DecodeString(token); err != nil || len(raw) != tokenBytes {
		return "", fmt.Errorf("read token: %s has no token in it: name the file that the server made, or another one for it to make", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("read token: %s has mode %#o, so others may read it: remove it, and start the server to get a new one", path, mode)
	}
	return Token(token), nil
}

// MakeToken reads a token from a file, and draws one first if the file is not there.
func MakeToken(path string) (Token, error) {
	var secret [tokenBytes]byte
	_, _ = rand.Read(secret[:]) // never fails
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ReadToken(path)
	}
	if err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	_, err = file.WriteString(hex.EncodeToString(secret[:]) + "\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("make token: %w", errors.Join(err, os.Remove(path)))
	}
	return ReadToken(path)
}

// admits reports whether a header carries the token, in the same time for every wrong one.
func (t Token) admits(header string) bool {
	given := []byte(header)
	want := []byte("Bearer " + string(t))
	return subtle.ConstantTimeCompare(given, want) == 1
}
