package license

import "fmt"

// Share says whose leases of a feature hold one seat together. Such leases hold as many seats as the largest of them
// takes, until the last of them has ended.
//
// User and host are those that the client's certificate proves; ProvenNames of the server's Config says which. When the
// certificate proves none, they are what the client claims when it connects. The share string is always a claim. Nothing
// proves a claim, so clients that agree to lie can share a seat; a claimed name and a proven name are never the same. A
// client without a name shares with nobody.
type Share uint8

// The scopes of sharing.
const (
	ShareNone   Share = iota // every lease holds seats of its own
	ShareUser                // the leases of one user
	ShareHost                // the leases of one host
	ShareString              // the leases of clients with the same share string
)

var shareNames = [...]string{ShareNone: "none", ShareUser: "user", ShareHost: "host", ShareString: "share"}

// Shares is the number of scopes: a valid Share is below it.
const Shares = len(shareNames)

// Valid reports whether s is one of the scopes.
func (s Share) Valid() bool { return int(s) < Shares }

// String returns the scope's word: none, user, host or share.
func (s Share) String() string {
	if !s.Valid() {
		return fmt.Sprintf("Share(%d)", uint8(s))
	}
	return shareNames[s]
}

// MarshalText writes the scope's word. It fails for a Share that is no scope.
func (s Share) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, fmt.Errorf("%s is no scope of sharing", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the scope's word. An empty text is none.
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
