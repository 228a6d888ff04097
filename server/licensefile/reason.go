package licensefile

import (
	"fmt"
	"strings"

	"github.com/seatbeat/seatbeat/server/license"
)

// Reason says why a licence file is refused.
type Reason uint8

// The reasons. An Expired or NotYetValid file is authentic, but grants nothing at the time asked about.
const (
	// Malformed: the file is no licence file, or a field is out of bounds.
	Malformed Reason = iota + 1
	// TooLarge: the file has more than MaxSize bytes. Its contents were not read.
	TooLarge
	// WrongKey: the file names a signing key that is not trusted.
	WrongKey
	// Altered: the contents are not what the named key signed.
	Altered
	// UnknownField: the file has a field that this version does not know, and so cannot honour.
	UnknownField
	// OtherServer: the licence is bound to another server.
	OtherServer
	// NotYetValid: the licence has not started.
	NotYetValid
	// Expired: the licence has expired.
	Expired
	// Conflict: another file has the same vendor and serial with other contents, or the same feature with another scope of
	// sharing.
	Conflict

	reasons // the number of reasons, plus one
)

var reasonNames = [reasons]string{
	Malformed: "malformed", TooLarge: "too large", WrongKey: "wrong key", Altered: "altered",
	UnknownField: "unknown field", OtherServer: "other server", NotYetValid: "not yet valid", Expired: "expired",
	Conflict: "conflict",
}

// String returns the reason in words.
func (r Reason) String() string {
	if r == 0 || r >= reasons {
		return fmt.Sprintf("Reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// MarshalText returns the reason in words, for JSON.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// RefusedError says why a licence file is refused. When fields are faulty, it wraps a [*messages.FieldError] for each.
type RefusedError struct {
	// Path is where the file is; empty when the licence did not come from a file.
	Path   string
	Reason Reason
	// Message says what was found and what to do next.
	Message string
	// License is the contents of the file when they are authentic: with OtherServer, NotYetValid, Expired and Conflict.
	License license.License

	faults error // of fields
}

// Error says which file, why and what to do next.
func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString("licence file ")
	if e.Path != "" {
		fmt.Fprintf(&b, "%s ", e.Path)
	}
	fmt.Fprintf(&b, "refused: %s: %s", e.Reason, e.Message)
	return b.String()
}

// Unwrap returns the faults of fields.
func (e *RefusedError) Unwrap() error { return e.faults }

func refuse(reason Reason, format string, args ...any) *RefusedError {
	return &RefusedError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// refuseFaults is refuse for faults of fields.
func refuseFaults(reason Reason, faults error, format string, args ...any) *RefusedError {
	return &RefusedError{Reason: reason, Message: fmt.Sprintf(format, args...), faults: faults}
}
