package messages

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Conditions that a service branches on with errors.Is. The error of License.Err is one of them.
var (
	// ErrLost: the seats were refused or revoked, or the lease timed out. Stop using the feature; check out again when
	// it is needed. The error is a *LostError.
	ErrLost = errors.New("license lost")
	// ErrExited: no server was reached any more. Shut the application down, or check out again once a server is back.
	// The error is an *ExitedError.
	ErrExited = errors.New("no licence server reached")
	// ErrUnavailable: a server had more outages than allowed. Wait until the time in the error, which is an
	// *UnavailableError, then check out again.
	ErrUnavailable = errors.New("license servers were down too often")
	// ErrCheckedIn: the application itself returned the seats. Nothing is to be done.
	ErrCheckedIn = errors.New("license checked in")
	// ErrClosed: the runtime was closed, and the seats were returned. Start another runtime, or nothing is to be done.
	ErrClosed = errors.New("runtime closed")
)

// LostError is the error of a licence in StateLost. For errors.Is it is ErrLost.
type LostError struct {
	Claim   Claim
	Server  Server // that decided it
	Reason  Reason
	Message string // of the server or of the runtime, may be empty
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%v: %s at %s: %s", ErrLost, e.Claim, e.Server, withMessage(e.Reason, e.Message))
}

// Is reports whether target is ErrLost.
func (e *LostError) Is(target error) bool { return target == ErrLost }

// ExitedError is the error of a licence in StateExited. For errors.Is it is ErrExited.
type ExitedError struct {
	Servers []Address // that were tried
	Failed  int       // heartbeats that failed in a row
	Cause   string    // the last error
}

func (e *ExitedError) Error() string {
	return fmt.Sprintf("%v: %d heartbeats failed in a row, servers tried: %s; last cause: %s", ErrExited, e.Failed, join(e.Servers), e.Cause)
}

// Is reports whether target is ErrExited.
func (e *ExitedError) Is(target error) bool { return target == ErrExited }

// UnavailableError is the error of a checkout, and of a licence in StateUnavailable, when a server had more outages
// than DownLimit allows. For errors.Is it is ErrUnavailable.
type UnavailableError struct {
	Server Server        // that had too many outages
	Count  int           // of its outages within Window
	Max    int           // outages that are allowed within Window
	Window time.Duration // length of the sliding window
	Until  time.Time     // when checkouts work again
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%v: %s %d times within %s, %d are allowed; available again at %s",
		ErrUnavailable, e.Server, e.Count, e.Window, e.Max, e.Until.Format(time.RFC3339))
}

// Is reports whether target is ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// CheckoutError is the error of a first checkout that no server granted. It has the answer of each server, in the order
// in which they were asked: see Has. When the checkout waited in a queue, errors.Is also finds the error of the
// caller's context.
type CheckoutError struct {
	Checkout Checkout
	Answers  []Answer
	Cause    error // why the context of the caller ended while the checkout waited in a queue; nil when it did not wait
}

// Answer is why one server did not grant a first checkout.
type Answer struct {
	Server     Server
	Reason     Reason        // Unanswered when the server was not reached in time
	Message    string        // of the server, or the error of the transport
	RetryAfter time.Duration // when positive, the server asked to come back after this time
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

// Unwrap returns Cause, so that errors.Is finds context.DeadlineExceeded or context.Canceled after a wait.
func (e *CheckoutError) Unwrap() error { return e.Cause }

// Has reports whether a server answered with the reason. Has(NoSeats) says that all seats were taken somewhere: try
// again later, or set Checkout.Wait.
func (e *CheckoutError) Has(reason Reason) bool {
	for _, a := range e.Answers {
		if a.Reason == reason {
			return true
		}
	}
	return false
}

// FieldError is one fault of a configuration or a command. Correct the field.
type FieldError struct {
	Field   string // the path of the field: "Heartbeat.Interval"
	Problem string // what is wrong and what is allowed
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

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
