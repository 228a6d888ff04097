package license

import (
	"fmt"
	"strings"
)

// Reason says why a licence file is refused.
type Reason uint8

// Reasons. An Expired or NotYetValid file is authentic and allows nothing at the time asked about.
const (
	// Malformed: it is no licence file, or has a field out of bounds.
	Malformed Reason = iota + 1
	// TooLarge: it has more than MaxSize bytes, and was not looked into.
	TooLarge
	// WrongKey: it names a signing key that is not among the trusted ones.
	WrongKey
	// Altered: its contents are not what the named key signed.
	Altered
	// UnknownField: it says something that this version does not understand, and so cannot honour.
	UnknownField
	// OtherServer: it is bound to another server.
	OtherServer
	// NotYetValid: its time has not come.
	NotYetValid
	// Expired: its time is over.
	Expired
	// Conflict: another file has the same vendor and serial with other contents, or the same feature with another scope of
	// sharing.
	Conflict

	reasons // the number of reasons and one
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

// MarshalText returns the reason in words, so that JSON shows it.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// RefusedError is why a licence file is refused. What is wrong with its fields it wraps, each a
// [*messages.FieldError].
type RefusedError struct {
	// Path is where the file is, empty if it did not come from one.
	Path   string
	Reason Reason
	// Message says what was found and what to do next.
	Message string
	// License is what the file says, when that is authentic: for OtherServer, NotYetValid, Expired and Conflict.
	License License

	faults error
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
