package licensefile

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// maxKeyFile is the size of the largest key file, in bytes.
const maxKeyFile = 4 << 10

// WriteKeys draws a new pair of keys and writes each to a file of its own. Neither file may exist: none is overwritten.
// Only its owner may read the file of the secret key. When WriteKeys returns nil, both files are on disk; after an error
// neither is.
func WriteKeys(secretPath, publicPath string) (PublicKey, error) {
	secret := NewSecretKey()
	public := secret.Public()
	err := writeNew(secretPath, "# SECRET. Whoever has this key can sign licences. Keep it off servers and away from customers.\n"+
		"# key id: "+public.ID()+"\n"+secret.Text()+"\n", 0o600)
	if err != nil {
		return PublicKey{}, fmt.Errorf("write secret key: %w", err)
	}
	err = writeNew(publicPath, "# Public. Servers check licences with it.\n"+
		"# key id: "+public.ID()+"\n"+public.String()+"\n", 0o644)
	if err != nil {
		return PublicKey{}, fmt.Errorf("write public key: %w", errors.Join(err, os.Remove(secretPath)))
	}
	return public, nil
}

// ReadPublicKey reads a public key from its file.
func ReadPublicKey(path string) (PublicKey, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return PublicKey{}, fmt.Errorf("public key: %w", err)
	}
	key, err := ParsePublicKey(text)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// ReadSecretKey reads a secret key from its file. It refuses a file that anybody but its owner may read or write.
func ReadSecretKey(path string) (SecretKey, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return SecretKey{}, fmt.Errorf("secret key: %w", err)
	}
	key, err := ParseSecretKey(text)
	if err != nil {
		return SecretKey{}, fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return SecretKey{}, fmt.Errorf("secret key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return SecretKey{}, fmt.Errorf("secret key: %s has mode %#o, so others may read it: chmod 600 it, and draw a new key if they did",
			path, mode)
	}
	return key, nil
}

// readKeyFile returns the only line of a file that is neither empty nor a comment.
func readKeyFile(path string) (string, error) {
	text, err := readFile(path, maxKeyFile)
	if err != nil {
		return "", err
	}
	if len(text) > maxKeyFile {
		return "", fmt.Errorf("%s has more than %d bytes: it is no key", path, maxKeyFile)
	}
	var key string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case key != "":
			return "", fmt.Errorf("%s has more than one key: name a file with one", path)
		default:
			key = line
		}
	}
	if key == "" {
		return "", fmt.Errorf("%s has no key in it", path)
	}
	return key, nil
}
