package messages

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a [Checkout]. A server may have tighter bounds, and refuses a checkout beyond them.
const (
	// MaxFeatureName is the greatest length of the name of a feature, in bytes.
	MaxFeatureName = 128
	// MaxVersion is the greatest major or minor number of a version.
	MaxVersion = 9999
	// MaxCount is the greatest number of seats of one checkout.
	MaxCount = 1_000_000
)

// Version is the version of a feature. Every licence of a feature serves the zero value, 0.0.
type Version struct {
	Major int `json:"major"`
	Minor int `json:"minor"`
}

// V returns the version major.minor. It checks no bounds; [Checkout.Validate] does.
func V(major, minor int) Version { return Version{Major: major, Minor: minor} }

// Compare returns -1 when v is lower than o, 0 when they are equal, and +1 when v is higher.
func (v Version) Compare(o Version) int {
	if v.Major != o.Major {
		return sign(v.Major - o.Major)
	}
	return sign(v.Minor - o.Minor)
}

// String returns the version as "major.minor".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Serves reports whether a server that serves version v may grant a checkout of version want: any version up to v, and
// only v itself when exact is set.
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

// Checkout asks for seats of one feature. It is a plain value, of which the runtime keeps a copy.
type Checkout struct {
	// Feature is the name of the feature: 1 to MaxFeatureName bytes of valid UTF-8, without control characters.
	// Required.
	Feature string
	// Version is the lowest version that will do; each of its numbers is 0 to MaxVersion. The server grants the
	// checkout when it serves this version or a higher one. Default 0.0, which any server of the feature grants. The
	// runtime asks for the same version when it has to take the seats again (docs/rules.md, rule 9).
	Version Version
	// Count is the number of seats, which are granted all or none: 0 to MaxCount; 0 means 1. The runtime asks for the
	// whole count when it has to take the seats again.
	Count int
	// Exact asks for Version and no other: a server that serves a higher version refuses. Off by default.
	Exact bool
	// Wait makes a first checkout that no server granted wait in the queue of the first server without free seats,
	// until the seats are granted or the context of the caller ends; without a deadline that may be never. Off by
	// default: the checkout fails at once. When the runtime takes lost seats again, it never waits.
	Wait bool
}

// Seats returns the number of seats: Count, or 1 when Count is 0.
func (c Checkout) Seats() int {
	if c.Count == 0 {
		return 1
	}
	return c.Count
}

// String returns the checkout for people: "f2 1.0 x1".
func (c Checkout) String() string { return fmt.Sprintf("%s %s x%d", c.Feature, c.Version, c.Seats()) }

// Validate returns nil, or all faults of c joined, each a [*FieldError] that names its field.
func (c Checkout) Validate() error {
	return errors.Join(
		validateFeature(c.Feature),
		validateNumber("Checkout.Version.Major", c.Version.Major, MaxVersion, "0"),
		validateNumber("Checkout.Version.Minor", c.Version.Minor, MaxVersion, "0"),
		validateNumber("Checkout.Count", c.Count, MaxCount, "0 (meaning 1)"),
	)
}

func validateFeature(name string) error {
	const field = "Checkout.Feature"
	switch {
	case name == "":
		return &FieldError{field, "is empty: name the feature"}
	case len(name) > MaxFeatureName:
		return &FieldError{field, fmt.Sprintf("is %d bytes long: at most %d are allowed", len(name), MaxFeatureName)}
	case !utf8.ValidString(name):
		return &FieldError{field, fmt.Sprintf("is not valid UTF-8: %q", name)}
	case strings.ContainsFunc(name, unicode.IsControl):
		return &FieldError{field, fmt.Sprintf("has a control character: %q", name)}
	default:
		return nil
	}
}

// validateNumber checks that n is 0 to bound. Least is how the error writes the 0.
func validateNumber(field string, n, bound int, least string) error {
	if n < 0 || n > bound {
		return &FieldError{field, fmt.Sprintf("is %d: must be %s to %d", n, least, bound)}
	}
	return nil
}
