package license

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	paseto "aidanwoods.dev/go-paseto"
	"golang.org/x/crypto/blake2b"
)

// Keys and their ids are written as PASERK does it: the type of the key stands before it, so that no key is taken for
// one of another kind.
const (
	publicPrefix = "k4.public."
	secretPrefix = "k4.secret."
	idPrefix     = "k4.pid."
	// idSize is that of the hash in an id, in bytes.
	idSize = 33
)

// base64url is strict: for each key and token there is one text.
var base64url = base64.RawURLEncoding.Strict()

// PublicKey is what a server checks a vendor's signatures with. It is no secret. The zero value is no key and trusts
// nothing.
type PublicKey struct {
	key paseto.V4AsymmetricPublicKey
	id  string
}

// SecretKey is what a vendor signs with. It prints as its id; [SecretKey.Text] is what has to be kept secret. The zero
// value is no key.
type SecretKey struct {
	key paseto.V4AsymmetricSecretKey
}

// NewSecretKey draws a new key.
func NewSecretKey() SecretKey { return SecretKey{key: paseto.NewV4AsymmetricSecretKey()} }

// ParsePublicKey reads a text that [PublicKey.String] wrote.
func ParsePublicKey(text string) (PublicKey, error) {
	raw, err := decodeKey(text, publicPrefix)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	key, err := paseto.NewV4AsymmetricPublicKeyFromBytes(raw)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	return newPublicKey(key), nil
}

// ParseSecretKey reads a text that [SecretKey.Text] wrote. The error does not repeat it.
func ParseSecretKey(text string) (SecretKey, error) {
	raw, err := decodeKey(text, secretPrefix)
	if err != nil {
		return SecretKey{}, fmt.Errorf("parse secret key: %w", err)
	}
	key, err := paseto.NewV4AsymmetricSecretKeyFromBytes(raw)
	if err != nil {
		return SecretKey{}, fmt.Errorf("parse secret key: %w", err)
	}
	return SecretKey{key: key}, nil
}

// decodeKey returns the bytes of a key with this prefix. An error has nothing of the key in it.
func decodeKey(text, prefix string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	switch {
	case ok && !strings.ContainsAny(encoded, "\r\n"): // which base64 would skip
		if raw, err := base64url.DecodeString(encoded); err == nil {
			return raw, nil
		}
		return nil, errors.New("it is damaged: copy it anew as a whole")
	case prefix == publicPrefix && strings.HasPrefix(text, secretPrefix):
		return nil, errors.New("it is the secret key: use the file of the public one, and keep this one where licences are signed")
	case prefix == secretPrefix && strings.HasPrefix(text, publicPrefix):
		return nil, errors.New("it is the public key: signing needs the secret one")
	default:
		return nil, fmt.Errorf("it does not begin with %q", prefix)
	}
}

// newPublicKey computes the id: it is asked for with each licence.
func newPublicKey(key paseto.V4AsymmetricPublicKey) PublicKey {
	hash, err := blake2b.New(idSize, nil)
	if err != nil {
		return PublicKey{} // cannot be: the size is a constant within bounds
	}
	hash.Write([]byte(idPrefix + publicText(key)))
	return PublicKey{key: key, id: idPrefix + base64url.EncodeToString(hash.Sum(nil))}
}

func publicText(key paseto.V4AsymmetricPublicKey) string {
	return publicPrefix + base64url.EncodeToString(key.ExportBytes())
}

// ID returns the name of the key, which the licences that it signed carry; empty for the zero value.
func (k PublicKey) ID() string { return k.id }

// String returns the key as text, empty for the zero value.
func (k PublicKey) String() string {
	if k.id == "" {
		return ""
	}
	return publicText(k.key)
}

// isZero: there is no key.
func (k SecretKey) isZero() bool { return len(k.key.ExportBytes()) == 0 }

// Public returns the key that verifies what k signed.
func (k SecretKey) Public() PublicKey {
	if k.isZero() {
		return PublicKey{}
	}
	return newPublicKey(k.key.Public())
}

// Text returns the secret.
func (k SecretKey) Text() string { return secretPrefix + base64url.EncodeToString(k.key.ExportBytes()) }

// Format prints the id, whatever the verb.
func (k SecretKey) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "secret key of "+k.Public().ID())
}
