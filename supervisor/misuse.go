package supervisor

import (
	"context"
	"errors"

	"github.com/seatbeat/seatbeat/messages"
)

// What calls return that were made on nil, so that a forgotten check of an error is told and does not panic.
var (
	errNoRuntime = errors.New("the runtime is nil: look at the error of Start")
	errNoLicense = errors.New("the license is nil: look at the error of Checkout")
)

// checkContext returns an error for a context that is nil, and nil for every other one.
func checkContext(ctx context.Context) error {
	if ctx == nil {
		return &messages.FieldError{Field: "ctx", Problem: "is nil: pass the caller's context, or context.Background()"}
	}
	return nil
}

// closedChannel is what Done of a license and Events of a runtime that are nil return.
func closedChannel[T any]() <-chan T {
	c := make(chan T)
	close(c)
	return c
}
