package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
)

// Share says whose leases of a feature hold one seat together: as many seats as the largest of them takes, until the
// last of them has ended.
//
// The user and the host are those that the client's certificate names (see [Config.Names]). Where it names none they
// are what the client claims when it connects, as the share string always is: nothing proves these, so that clients
// which agree to lie can share a seat. What is claimed is never taken for what is proved. A client for which the server
// knows neither shares with nobody.
type Share uint8

// Scopes of sharing.
const (
	ShareNone   Share = iota // every lease has seats of its own
	ShareUser                // leases of one user
	ShareHost                // leases of one host
	ShareString              // leases of clients with the same share string
	shares                   // how many there are
)

var shareNames = [shares]string{ShareNone: "none", ShareUser: "user", ShareHost: "host", ShareString: "share"}

// String returns the scope's word: none, user, host or share.
func (s Share) String() string {
	if s >= shares {
		return fmt.Sprintf("Share(%d)", uint8(s))
	}
	return shareNames[s]
}

// MarshalText writes the scope's word.
func (s Share) MarshalText() ([]byte, error) {
	if s >= shares {
		return nil, fmt.Errorf("%s is no scope of sharing", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the scope's word; no text at all is none.
func (s *Share) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = ShareNone
		return nil
	}
	for scope, name := range shareNames {
		if string(text) == name {
			*s = Share(scope)
			return nil
		}
	}
	return fmt.Errorf("%q is no scope of sharing: use none, user, host or share", text)
}

// groupKeys are a client's groups, by scope; a zero one is none.
type groupKeys [shares]groupKey

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
