package license

import (
	"slices"
	"strings"
	"time"
)

// Verifier says whose licences count, on which server and at what time.
type Verifier struct {
	// Keys are those of the trusted vendors.
	Keys []PublicKey
	// ServerID is that of this server. Empty: a licence that is bound to a server is refused.
	ServerID string
	// Now is the time that licences have to be valid at. A server should not take a wall clock's word for it that time
	// went backwards.
	Now time.Time
}

// Open returns what a licence file allows, or a [*RefusedError]. The contents are only looked at when the signature is
// that of a trusted key.
func (v Verifier) Open(file []byte) (License, error) {
	l, refused := v.open(file)
	if refused != nil {
		return License{}, refused
	}
	return l, nil
}

func (v Verifier) open(file []byte) (License, *RefusedError) {
	e, refused := unfold(file)
	if refused != nil {
		return License{}, refused
	}
	i := slices.IndexFunc(v.Keys, func(k PublicKey) bool { return k.id == e.keyID })
	if i < 0 {
		return License{}, refuse(WrongKey, "it is signed with key %s and %s: get the vendor's public key from the vendor, "+
			"not from where the file came from, or ask for a file signed with a key you have", e.keyID, v.trusts())
	}
	if !e.verify(v.Keys[i]) {
		return License{}, refuse(Altered, "its contents are not what key %s signed: copy the vendor's file anew, as it is", e.keyID)
	}
	l, refused := readContents(e.payload)
	if refused != nil {
		return License{}, refused
	}
	if refused = v.judge(l); refused != nil {
		refused.License = l
		return License{}, refused
	}
	return l, nil
}

// judge returns nil, or why an authentic licence is not valid here and now.
func (v Verifier) judge(l License) *RefusedError {
	switch now := timeText(v.Now); {
	case l.ServerID != "" && v.ServerID == "":
		return refuse(OtherServer, "it is for server %s, and it is not known which server this is", l.ServerID)
	case l.ServerID != "" && l.ServerID != v.ServerID:
		return refuse(OtherServer, "it is for server %s and this is %s: use it there, or ask the vendor for one for this server",
			l.ServerID, v.ServerID)
	case !l.Expires.IsZero() && !v.Now.Before(l.Expires):
		return refuse(Expired, "it ended at %s and now is %s: ask the vendor for a new one", timeText(l.Expires), now)
	case v.Now.Before(l.Starts):
		return refuse(NotYetValid, "it begins at %s and now is %s: use it from then on, or set this machine's clock right",
			timeText(l.Starts), now)
	default:
		return nil
	}
}

// trusts says which keys are trusted, for people.
func (v Verifier) trusts() string {
	if len(v.Keys) == 0 {
		return "no key is trusted here"
	}
	ids := make([]string, len(v.Keys))
	for i, k := range v.Keys {
		ids[i] = k.id
	}
	return "only these are trusted here: " + strings.Join(ids, ", ")
}

// Unverified is what a file says of itself. Anybody can write that: it is to be shown, never to be acted on.
type Unverified struct {
	License License
	KeyID   string // of the key that it claims to be signed with
}

// Peek returns what a file says without any check of its signature, or a [*RefusedError].
func Peek(file []byte) (Unverified, error) {
	e, refused := unfold(file)
	if refused != nil {
		return Unverified{}, refused
	}
	l, refused := readContents(e.payload)
	if refused != nil {
		return Unverified{}, refused
	}
	return Unverified{License: l, KeyID: e.keyID}, nil
}
