package license

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
)

// Bounds of a License, in bytes.
const (
	// MaxSerial is the length of the longest serial.
	MaxSerial = 64
	// MaxName is the length of the longest name of a vendor or a customer.
	MaxName = 200
)

// License is what a vendor grants to a customer. Its times are in whole seconds, in the years 2000 to 9999.
type License struct {
	// Serial is the vendor's name of this licence: a second file with the same vendor and serial adds no seats.
	// 1 to MaxSerial bytes.
	Serial string
	// Vendor and Customer say who granted the licence to whom. 1 to MaxName bytes each.
	Vendor, Customer string
	// ServerID names the only server that may use the licence; empty means any server. At most messages.MaxServerID bytes.
	ServerID string
	// Issued is when the licence was signed.
	Issued time.Time
	// Starts is when the licence comes into force; the zero time means at once, whatever the clock says.
	Starts time.Time
	// Expires is when the licence expires; the zero time means never.
	Expires time.Time
	// Features are the blocks of seats. At least one. A block that would expire after the licence expires with it: see
	// [License.Pools].
	Features []Feature
}

// Pools returns the features as a server loads them: none starts before the licence, none expires after it. The slice
// is the caller's.
func (l License) Pools() []Feature {
	features := make([]Feature, len(l.Features))
	for i, f := range l.Features {
		if !l.Expires.IsZero() && (f.Expires.IsZero() || l.Expires.Before(f.Expires)) {
			f.Expires = l.Expires
		}
		f.Starts = l.Starts
		features[i] = f
	}
	return features
}

// Validate returns nil, or all faults of l joined. Each is a [*messages.FieldError] that names the field as a licence
// file does: "features[0].seats".
func (l License) Validate() error {
	var faults faults.List
	validateText(&faults, "serial", l.Serial, MaxSerial, true)
	validateText(&faults, "vendor", l.Vendor, MaxName, true)
	validateText(&faults, "customer", l.Customer, MaxName, true)
	validateText(&faults, "server", l.ServerID, messages.MaxServerID, false)
	if l.Issued.IsZero() {
		faults.Add("issued", "is missing")
	}
	validateTime(&faults, "issued", l.Issued)
	validateTime(&faults, "starts", l.Starts)
	validateTime(&faults, "expires", l.Expires)
	if !l.Expires.IsZero() && (!l.Issued.Before(l.Expires) || !l.Starts.Before(l.Expires)) {
		faults.Add("expires", "is %s: must be after issued and starts", FormatTime(l.Expires))
	}
	l.validateFeatures(&faults)
	return faults.Err()
}

func (l License) validateFeatures(faults *faults.List) {
	if len(l.Features) == 0 {
		faults.Add("features", "is empty: a licence has at least one")
	}
	first := make(map[string]int, len(l.Features))
	for i, f := range l.Features {
		path := fmt.Sprintf("features[%d].", i)
		validateFeature(faults, path, f)
		if at, known := first[f.Name]; !known {
			first[f.Name] = i
		} else if share := l.Features[at].Share; share != f.Share {
			faults.Add(path+"share", "is %s, and that of features[%d], of the same name, is %s: they must agree", f.Share, at, share)
		}
	}
}

func validateFeature(faults *faults.List, path string, f Feature) {
	if err := (messages.Checkout{Feature: f.Name}).Validate(); err != nil {
		faults.Add(path+"name", "cannot be checked out: %v", err)
	}
	if err := (messages.Checkout{Feature: "f", Version: f.Version}).Validate(); err != nil {
		faults.Add(path+"version", "is %s: each number must be 0 to %d", f.Version, messages.MaxVersion)
	}
	if f.Seats < 0 || f.Seats > MaxSeats {
		faults.Add(path+"seats", "is %d: must be 0 to %d", f.Seats, MaxSeats)
	}
	if f.Overdraft < 0 || f.Overdraft > MaxSeats {
		faults.Add(path+"overdraft", "is %d: must be 0 to %d", f.Overdraft, MaxSeats)
	}
	if _, err := f.Share.MarshalText(); err != nil {
		faults.Add(path+"share", "is wrong: %v", err)
	}
	validateTime(faults, path+"expires", f.Expires)
}

// validateText accepts printable text only, since these texts reach terminals and logs.
func validateText(faults *faults.List, field, text string, bound int, required bool) {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case text == "" && required:
		faults.Add(field, "is missing")
	case len(text) > bound:
		faults.Add(field, "is %d bytes long: at most %d are allowed", len(text), bound)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable):
		faults.Add(field, "has a character that does not print: %q", text)
	}
}

func validateTime(faults *faults.List, field string, t time.Time) {
	if t.IsZero() {
		return
	}
	if year := t.UTC().Year(); year < 2000 || year > 9999 || t.Nanosecond() != 0 {
		faults.Add(field, "is %s: must be in whole seconds, of the years 2000 to 9999", t.UTC().Format(time.RFC3339Nano))
	}
}
