package licensefile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/server/license"
)

// Verifier says whose licences are accepted, on which server and at what time.
type Verifier struct {
	// Keys are the public keys of the trusted vendors.
	Keys []PublicKey
	// ServerID is the id of this server. When it is empty, a licence bound to a server is refused.
	ServerID string
	// Now is the time at which licences have to be valid. A server passes its LicenseTime, so that setting the wall clock
	// back revives no licence.
	Now time.Time
}

// Load reads licence files and adds them up. A path names a file, or a directory: then every file with Extension in the
// directory is read, subdirectories are not. Files with the same vendor, serial and contents count once.
//
// When one file is refused all of them are, so that nobody overlooks the refusal: the error joins a [*RefusedError] for
// each refused file and the error of each file that could not be read. An Expired or NotYetValid file was right once and
// must not keep a server from starting: it only grants nothing, and is an error when no other file is in force.
func (v Verifier) Load(paths ...string) (Set, error) {
	files, err := list(paths)
	if err != nil {
		return Set{}, fmt.Errorf("load licences: %w", err)
	}
	l := loader{shares: map[string]share{}}
	for _, path := range files {
		l.add(path, v)
	}
	return l.set()
}

// Open returns the licence in a file, or a [*RefusedError]. It reads the contents only when a trusted key signed them.
func (v Verifier) Open(file []byte) (license.License, error) {
	l, refused := v.open(file)
	if refused != nil {
		return license.License{}, refused
	}
	return l, nil
}

func (v Verifier) open(file []byte) (license.License, *RefusedError) {
	e, refused := parseEnvelope(file)
	if refused != nil {
		return license.License{}, refused
	}
	i := slices.IndexFunc(v.Keys, func(k PublicKey) bool { return k.id == e.keyID })
	if i < 0 {
		return license.License{}, refuse(WrongKey, "it is signed with key %s and %s: get the vendor's public key from the vendor, "+
			"not from where the file came from, or ask for a file signed with a key you have", e.keyID, v.trusts())
	}
	if !e.verify(v.Keys[i]) {
		return license.License{}, refuse(Altered, "its contents are not what key %s signed: copy the vendor's file anew, as it is", e.keyID)
	}
	l, refused := readContents(e.payload)
	if refused != nil {
		return license.License{}, refused
	}
	if refused = v.checkValidity(l); refused != nil {
		refused.License = l
		return license.License{}, refused
	}
	return l, nil
}

// checkValidity returns nil, or why an authentic licence is not valid on this server at this time.
func (v Verifier) checkValidity(l license.License) *RefusedError {
	switch now := license.FormatTime(v.Now); {
	case l.ServerID != "" && v.ServerID == "":
		return refuse(OtherServer, "it is for server %s, and it is not known which server this is", l.ServerID)
	case l.ServerID != "" && l.ServerID != v.ServerID:
		return refuse(OtherServer, "it is for server %s and this is %s: use it there, or ask the vendor for one for this server",
			l.ServerID, v.ServerID)
	case !l.Expires.IsZero() && !v.Now.Before(l.Expires):
		return refuse(Expired, "it ended at %s and now is %s: ask the vendor for a new one", license.FormatTime(l.Expires), now)
	case v.Now.Before(l.Starts):
		return refuse(NotYetValid, "it begins at %s and now is %s: use it from then on, or set this machine's clock right",
			license.FormatTime(l.Starts), now)
	default:
		return nil
	}
}

// trusts names the trusted keys, for a message.
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

// Unverified is what a file claims. Anybody can write such a claim: show it, never act on it.
type Unverified struct {
	License license.License
	KeyID   string // of the key that the file claims to be signed with
}

// ParseUnverified returns what a file claims without checking its signature, or a [*RefusedError].
func ParseUnverified(file []byte) (Unverified, error) {
	e, refused := parseEnvelope(file)
	if refused != nil {
		return Unverified{}, refused
	}
	l, refused := readContents(e.payload)
	if refused != nil {
		return Unverified{}, refused
	}
	return Unverified{License: l, KeyID: e.keyID}, nil
}
