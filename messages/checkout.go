package messages

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Bounds of a [Checkout]. A server may have tighter ones and refuses what is past them.
const (
	// MaxFeatureName is the longest name of a feature, in bytes.
	MaxFeatureName = 128
	// MaxVersion is the highest major or minor number of a version.
	MaxVersion = 9999
	// MaxCount is the highest number of seats that one checkout takes.
	MaxCount = 1_000_000
)

// Version is the version of a feature. The zero value, 0.0, is served by every licence of the feature.
type Version struct {
	Major int `json:"major"`
	Minor int `json:"minor"`
}

// V returns the version major.minor. It checks nothing; [Checkout.Validate] does.
func V(major, minor int) Version { return Version{Major: major, Minor: minor} }

// Compare returns -1, 0 or +1 as v is lower than, equal to or higher than o.
func (v Version) Compare(o Version) int {
	if v.Major != o.Major {
		return sign(v.Major - o.Major)
	}
	return sign(v.Minor - o.Minor)
}

// String returns the version as "major.minor".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Serves reports whether a server that serves version v may grant a checkout that asks for want: any version up to v,
// and when exact is set only v itself.
func (v Version) Serves(want Version, exact bool) bool {
	if exact {
		return v == want
	}
	return want.Compare(v) <= 0
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	default:
		return 0
	}
}

// Checkout asks for seats of one feature. It is a plain value; the runtime keeps a copy.
type Checkout struct {
	// Feature is the name of the feature: 1 to MaxFeatureName bytes of valid UTF-8 without control characters.
	Feature string
	// Version is the version asked for, each number 0 to MaxVersion. The server grants it when it serves this version or
	// a higher one. The same version is asked for at each later re-checkout.
	Version Version
	// Count is the number of seats, all or nothing: 0 means 1, at most MaxCount. A re-checkout asks for the whole count.
	Count int
	// Exact asks for exactly Version: a server that serves a higher one refuses. It holds for re-checkouts too.
	Exact bool
	// Wait lets a checkout that no server granted wait in line at the first one that has no free seats, until it is
	// granted or the caller's context ends; without a deadline that may be never. Off: it fails at once. It is about the
	// first checkout only: a re-checkout never waits.
	Wait bool
}

// Seats returns the number of seats asked for: Count, or 1 when Count is 0.
func (c Checkout) Seats() int {
	if c.Count == 0 {
		return 1
	}
	return c.Count
}

// String returns the checkout as "name version xcount", for people.
func (c Checkout) String() string { return fmt.Sprintf("%s %s x%d", c.Feature, c.Version, c.Seats()) }

// Validate returns nil, or all faults of c joined, each a [*FieldError] that names its field.
func (c Checkout) Validate() error {
	var faults Faults
	c.validateFeature(&faults)
	for _, n := range []struct {
		field string
		value int
	}{{"Checkout.Version.Major", c.Version.Major}, {"Checkout.Version.Minor", c.Version.Minor}} {
		if n.value < 0 || n.value > MaxVersion {
			faults.Add(n.field, "is %d: must be 0 to %d", n.value, MaxVersion)
		}
	}
	if c.Count < 0 || c.Count > MaxCount {
		faults.Add("Checkout.Count", "is %d: must be 0 (meaning 1) to %d", c.Count, MaxCount)
	}
	return faults.Err()
}

func (c Checkout) validateFeature(faults *Faults) {
	const field = "Checkout.Feature"
	switch {
	case c.Feature == "":
		faults.Add(field, "is empty: name the feature")
	case len(c.Feature) > MaxFeatureName:
		faults.Add(field, "is %d bytes long: at most %d are allowed", len(c.Feature), MaxFeatureName)
	case !utf8.ValidString(c.Feature):
		faults.Add(field, "is not valid UTF-8: %q", c.Feature)
	default:
		for _, r := range c.Feature {
			if unicode.IsControl(r) {
				faults.Add(field, "has a control character: %q", c.Feature)
				return
			}
		}
	}
}
