package messages

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Conditions that a service branches on with errors.Is. What a license's Err returns is one of them.
var (
	// ErrLost: the seats were refused, revoked or timed out. Stop using the feature; check it out anew when it is needed.
	ErrLost = errors.New("license lost")
	// ErrExited: no server was reached any more. Shut the application down, or check out anew once a server is back.
	ErrExited = errors.New("no license server reached")
	// ErrUnavailable: servers went down and came back more often than allowed. Wait until the time that the
	// UnavailableError names.
	ErrUnavailable = errors.New("license servers were down too often")
	// ErrCheckedIn: the application itself returned the seats. Nothing is to be done.
	ErrCheckedIn = errors.New("license checked in")
	// ErrClosed: the runtime was closed. Start another one.
	ErrClosed = errors.New("runtime closed")
)

// LostError is what a license's Err returns in state Lost. It Is ErrLost.
type LostError struct {
	Claim   Claim
	Server  Server // the server that decided it
	Reason  Reason
	Message string // the server's words, or the runtime's; may be empty
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%v: %s at %s: %s", ErrLost, e.Claim, e.Server, withMessage(e.Reason, e.Message))
}

// Is reports whether target is ErrLost.
func (e *LostError) Is(target error) bool { return target == ErrLost }

// ExitedError is what a license's Err returns in state Exited. It Is ErrExited.
type ExitedError struct {
	Servers []Address // those tried
	Failed  int       // heartbeats that failed in a row
	Cause   string    // the last error
}

func (e *ExitedError) Error() string {
	return fmt.Sprintf("%v: %d heartbeats in a row failed, servers tried: %s; last cause: %s", ErrExited, e.Failed, join(e.Servers), e.Cause)
}

// Is reports whether target is ErrExited.
func (e *ExitedError) Is(target error) bool { return target == ErrExited }

// UnavailableError is what a checkout returns, and a license's Err, when the outage limit is exceeded.
// It Is ErrUnavailable.
type UnavailableError struct {
	Server Server        // the server with too many outages
	Count  int           // its outages within Window
	Max    int           // the outages allowed within Window
	Window time.Duration // the length of the sliding window
	Until  time.Time     // when the window has room again
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%v: %s %d times within %s, %d are allowed; available again at %s",
		ErrUnavailable, e.Server, e.Count, e.Window, e.Max, e.Until.Format(time.RFC3339))
}

// Is reports whether target is ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// CheckoutError is returned by a first checkout that no server granted: each server's answer, in the order asked. One
// that waited in vain also Is what ended the caller's context.
type CheckoutError struct {
	Checkout Checkout
	Answers  []Answer
	Cause    error // of a checkout that waited: why the caller's context ended. Nil: no wait was cut short
}

// Answer is why one server did not grant a first checkout.
type Answer struct {
	Server     Server
	Reason     Reason        // Unanswered when it was not reached in time
	Message    string        // the server's words, or the error of the transport
	RetryAfter time.Duration // when positive, how long the server asked to wait
}

func (e *CheckoutError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "checkout %s:", e.Checkout)
	if e.Cause != nil {
		fmt.Fprintf(&b, " waited in vain: %v:", e.Cause)
	}
	for i, a := range e.Answers {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, " %s: %s", a.Server, withMessage(a.Reason, a.Message))
	}
	return b.String()
}

// Unwrap returns the cause, so that a wait that was cut short Is context.DeadlineExceeded or context.Canceled.
func (e *CheckoutError) Unwrap() error { return e.Cause }

// Has reports whether a server answered with this reason: Has(NoSeats) tells "all taken" from "no such feature".
func (e *CheckoutError) Has(reason Reason) bool {
	for _, a := range e.Answers {
		if a.Reason == reason {
			return true
		}
	}
	return false
}

// FieldError is one fault of a configuration or a command.
type FieldError struct {
	Field   string // the path of the field: "Heartbeat.Interval"
	Problem string // what is wrong and what is allowed
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Faults collects the faults of a value that is being validated. The zero value is ready to use.
type Faults struct{ all []error }

// Add notes a fault of a field; format and args say what is wrong and what is allowed.
func (f *Faults) Add(field, format string, args ...any) {
	f.all = append(f.all, &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// Err returns nil, or all faults joined, each a *FieldError.
func (f *Faults) Err() error { return errors.Join(f.all...) }

func withMessage(r Reason, message string) string {
	if message == "" {
		return r.String()
	}
	return r.String() + ": " + message
}

func join(addresses []Address) string {
	s := make([]string, len(addresses))
	for i, a := range addresses {
		s[i] = string(a)
	}
	return strings.Join(s, ", ")
}
