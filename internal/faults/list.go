// Package faults collects what is wrong with a value, so that a validation reports every fault at once, each with the
// name of its field.
package faults

import (
	"errors"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
)

// List is the faults of a value that is being validated. The zero value is an empty list. It is not safe for concurrent
// use.
type List struct{ all []error }

// Add adds a fault of a field. Format and args say what is wrong and what is allowed: "is %d: must be 1 to %d".
func (l *List) Add(field, format string, args ...any) {
	l.all = append(l.all, &messages.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// Err returns nil when the list is empty, or all faults joined, each a *messages.FieldError.
func (l *List) Err() error { return errors.Join(l.all...) }
