package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// groupKeys are a client's groups, by scope; a zero one is none.
type groupKeys [license.Shares]groupKey

// groupsOf returns the groups of a client that connects with these claims.
func (c Config) groupsOf(ctx context.Context, user, host, share string) (*groupKeys, error) {
	var provenUser, provenHost string
	if !c.Insecure {
		cert, err := certificate(ctx)
		if err != nil {
			return nil, &refusal{reason: messages.Denied, message: err.Error()}
		}
		provenUser, provenHost = c.Names(cert)
	}
	keys := &groupKeys{ShareString: keyOf(ShareString, false, share)}
	keys[ShareUser] = cmp.Or(keyOf(ShareUser, true, provenUser), keyOf(ShareUser, false, user))
	keys[ShareHost] = cmp.Or(keyOf(ShareHost, true, provenHost), keyOf(ShareHost, false, host))
	return keys, nil
}

// Names is the default of [Config.Names]: the user is the certificate's first e-mail address, the host its first DNS
// name.
func Names(cert *x509.Certificate) (user, host string) {
	if len(cert.EmailAddresses) > 0 {
		user = cert.EmailAddresses[0]
	}
	if len(cert.DNSNames) > 0 {
		host = cert.DNSNames[0]
	}
	return user, host
}

// groupKey returns the client's group of a scope.
func (c *client) groupKey(scope Share) groupKey {
	if keys := c.groups.Load(); keys != nil {
		return keys[scope]
	}
	return groupKey{}
}

// keyOf returns the group of those who are known by a name within a scope: by their certificates or by what they claim.
func keyOf(scope Share, certain bool, name string) (key groupKey) {
	if name == "" {
		return key
	}
	text := append([]byte{byte(scope), 0}, name...)
	if certain {
		text[1] = 1
	}
	sum := sha256.Sum256(text)
	copy(key[:], sum[:])
	return key
}
