// Package faults collects what is wrong with a value, so that a validation reports every fault at once, each with the
// name of its field.
package faults

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// List is the faults of a value that is being validated. The zero value is an empty list. It is not safe for concurrent
// use.
type List struct{ all []error }

// Add adds a fault of a field. Format and args say what is wrong and what is allowed: "is %d: must be 1 to %d".
func (l *List) Add(field, format string, args ...any) {
	l.all = append(l.all, &messages.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// AddDuration adds a fault when d is not least to most. When d looks like a number whose unit was forgotten, which Go takes
// for nanoseconds, the fault asks what was meant: "is 30ns: must be 1s to 24h0m0s; did you mean 30s?".
func (l *List) AddDuration(field string, d, least, most time.Duration) {
	if d < least || d > most {
		l.Add(field, "is %s: must be %s to %s%s", d, least, most, Meant(d, least, most))
	}
}

// AddOptionalDuration is AddDuration for a field whose zero value means the default.
func (l *List) AddOptionalDuration(field string, d, least, most time.Duration) {
	if d != 0 && (d < least || d > most) {
		l.Add(field, "is %s: must be 0 (meaning the default), or %s to %s%s", d, least, most, Meant(d, least, most))
	}
}

// Meant returns what to add to a fault of a duration that is not least to most: a question, when seconds or else milliseconds
// of the same number are within these bounds, and otherwise nothing.
func Meant(d, least, most time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond} {
		if n := int64(d); n > 0 && n <= int64(most/unit) && d*unit >= least {
			return fmt.Sprintf("; did you mean %s?", d*unit)
		}
	}
	return ""
}

// Err returns nil when the list is empty, or all faults joined, each a *messages.FieldError.
func (l *List) Err() error { return errors.Join(l.all...) }
