package seats

import (
	"cmp"
	"crypto/sha256"

	"github.com/seatbeat/seatbeat/server/license"
)

// shareKey identifies those who share seats within a scope. It is a hash, so that neither records nor memory hold names.
type shareKey [16]byte

// ShareKeys say with whom a client shares seats, for each scope. A zero key means with nobody.
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

// newShareKey returns the key of a name. The same name has other keys when it is proven and when it is claimed.
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
