package seats

import (
	"cmp"
	"crypto/sha256"

	"github.com/seatbeat/seatbeat/server/license"
)

// shareKey identifies the clients that share seats within a scope: clients with the same key. It is a hash, so that
// neither records nor memory hold names.
type shareKey [16]byte

// ShareKeys are the keys under which a client shares seats, one for each scope. With a zero key it shares none.
type ShareKeys [license.Shares]shareKey

// NewShareKeys returns the keys of a client whose certificate proves one user and host, and which claims another user and
// host and a share string. Empty texts are none. A proven name takes precedence over a claimed one.
func NewShareKeys(proven, claimed ClientInfo, share string) *ShareKeys {
	return &ShareKeys{
		license.ShareUser: cmp.Or(
			newShareKey(license.ShareUser, true, proven.User), newShareKey(license.ShareUser, false, claimed.User)),
		license.ShareHost: cmp.Or(
			newShareKey(license.ShareHost, true, proven.Host), newShareKey(license.ShareHost, false, claimed.Host)),
		license.ShareString: newShareKey(license.ShareString, false, share),
	}
}

// newShareKey returns the key of a name. A proven name and a claimed name have different keys, even if they are spelled
// alike.
func newShareKey(scope license.Share, proven bool, name string) (key shareKey) {
	if name == "" {
		return key
	}
	text := append([]byte{byte(scope), 0}, name...)
	if proven {
		text[1] = 1
	}
	sum := sha256.Sum256(text)
	copy(key[:], sum[:])
	return key
}
