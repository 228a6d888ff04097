package licensefile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	paseto "aidanwoods.dev/go-paseto"
	"golang.org/x/crypto/blake2b"
)

// Keys and their ids are written in the PASERK format: a prefix names the type of the key, so that no key is mistaken for
// one of another type.
const (
	publicPrefix = "k4.public."
	secretPrefix = "k4.secret."
	idPrefix     = "k4.pid."
	// idSize is the size of the hash in an id, in bytes.
	idSize = 33
)

// base64url is strict, so that each key and each token has exactly one text.
var base64url = base64.RawURLEncoding.Strict()

// PublicKey verifies a vendor's signatures. It is no secret. The zero value is no key: it verifies nothing.
type PublicKey struct {
	key paseto.V4AsymmetricPublicKey
	id  string
}

// SecretKey signs a vendor's licences. It prints as its id; only [SecretKey.Text] returns the secret. The zero value is no
// key.
type SecretKey struct {
	key paseto.V4AsymmetricSecretKey
}

// NewSecretKey draws a new key.
func NewSecretKey() SecretKey { return SecretKey{key: paseto.NewV4AsymmetricSecretKey()} }

// ParsePublicKey reads the text of a public key, as [PublicKey.String] writes it.
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

// ParseSecretKey reads the text of a secret key, as [SecretKey.Text] writes it. Its errors contain no part of the text.
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

// decodeKey returns the bytes of a key with this prefix. Its errors contain no part of the key.
func decodeKey(text, prefix string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	switch {
	case ok && !strings.ContainsAny(encoded, "\r\n"): // base64 would skip line breaks
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

// newPublicKey computes the id once, since every licence is compared with it.
func newPublicKey(key paseto.V4AsymmetricPublicKey) PublicKey {
	hash, err := blake2b.New(idSize, nil)
	if err != nil {
		return PublicKey{} // cannot happen: idSize is within the bounds of BLAKE2b
	}
	hash.Write([]byte(idPrefix + publicText(key)))
	return PublicKey{key: key, id: idPrefix + base64url.EncodeToString(hash.Sum(nil))}
}

func publicText(key paseto.V4AsymmetricPublicKey) string {
	return publicPrefix + base64url.EncodeToString(key.ExportBytes())
}

// ID returns the id of the key. The licences that it signed carry this id. It is empty for the zero value.
func (k PublicKey) ID() string { return k.id }

// String returns the key as text, empty for the zero value.
func (k PublicKey) String() string {
	if k.id == "" {
		return ""
	}
	return publicText(k.key)
}

// isZero reports whether k is the zero value.
func (k SecretKey) isZero() bool { return len(k.key.ExportBytes()) == 0 }

// Public returns the key that verifies the signatures of k; the zero value for the zero value.
func (k SecretKey) Public() PublicKey {
	if k.isZero() {
		return PublicKey{}
	}
	return newPublicKey(k.key.Public())
}

// Text returns the secret key as text, for its file.
func (k SecretKey) Text() string { return secretPrefix + base64url.EncodeToString(k.key.ExportBytes()) }

// Format prints the id for every verb, so that no log shows the secret.
func (k SecretKey) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "secret key of "+k.Public().ID())
}
