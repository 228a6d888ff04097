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

// tokenBytes is the length of a token, before it is written in hexadecimal.
const tokenBytes = 32

// Token authorizes an administrator. It is text: 64 hexadecimal digits.
type Token string

// ReadToken reads a token from a file. It refuses a file that users other than its owner may access, except on Windows,
// where a file mode does not tell.
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
		return "", fmt.Errorf("read token: %s does not contain a token: name the token file of the server, or remove this file and restart the server", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("read token: %s has mode %#o, so other users can read it: remove it, and restart the server to get a new one", path, mode)
	}
	return Token(token), nil
}

// MakeToken reads a token from a file. If the file does not exist, it writes a random token to it first.
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

// authorizes reports whether the Authorization header of a request carries the token. It takes the same time for every
// wrong one.
func (t Token) authorizes(header string) bool {
	given := []byte(header)
	want := []byte("Bearer " + string(t))
	return subtle.ConstantTimeCompare(given, want) == 1
}
