package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/actors"
	"github.com/seatbeat/seatbeat/messages"
)

// License is a granted checkout. All methods are safe for concurrent use, from callbacks too. When the license is gone,
// drop it: there is nothing to free.
//
// On nil, or on a License that Checkout did not return, the methods say that the license is gone: Done is closed, and the
// others return an error or zero.
type License struct{ feature actors.Feature }

// granted reports whether l is a license that Checkout returned.
func (l *License) granted() bool { return l != nil && l.feature.Started() }

// Done returns a channel that is closed when the license is gone, before the event about it is delivered.
func (l *License) Done() <-chan struct{} {
	if !l.granted() {
		return closedChannel[struct{}]()
	}
	return l.feature.Done()
}

// Err returns nil while the license lives. After that it returns why the license is gone, for errors.Is:
// messages.ErrLost (a *messages.LostError), messages.ErrExited (a *messages.ExitedError), messages.ErrUnavailable (a
// *messages.UnavailableError), messages.ErrCheckedIn or messages.ErrClosed.
func (l *License) Err() error {
	if !l.granted() {
		return errNoLicense
	}
	return l.feature.Err()
}

// Checkin returns the seats. The license is gone at once. Checkin then blocks until the server has taken the seats back or
// ctx ends. When the server is not reachable, Checkin does not wait, and the runtime returns the seats later
// (docs/rules.md, rules 14 and 19).
//
// It returns nil, the cause of ctx (the runtime still returns the seats), or the license's own error when it was gone for
// another reason.
func (l *License) Checkin(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return fmt.Errorf("checkin: %w", err)
	}
	if err := l.feature.Checkin(ctx); err != nil {
		return fmt.Errorf("checkin %s: %w", l.feature.Claim, err)
	}
	return nil
}

// Heartbeat sends a heartbeat for this license now, and blocks until the server has answered or ctx ends. An application
// needs it only while automatic heartbeats are off (docs/rules.md, rule 2). While they are on, it makes the connection
// send its heartbeat now, and a failure is not counted.
//
// It returns nil when the seats are held, even if they had to be taken again; the license's own error when the license is
// gone; or why the server gave no answer, after which the license lives on. A nil result describes the moment of the
// server's answer. If the license ends right afterwards, for example because that answer revealed one outage too many,
// Done, Err and the next call report it.
func (l *License) Heartbeat(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	return l.feature.Heartbeat(ctx)
}

// check returns an error when l is nil or the context is nil.
func (l *License) check(ctx context.Context) error {
	if !l.granted() {
		return errNoLicense
	}
	return checkContext(ctx)
}

// Context returns a context that is cancelled when the license is gone, with the license's error as its cause, or when
// parent ends. Call the function when the work is done: it frees the goroutine of the context. When parent is nil, the context
// is cancelled from the beginning, with a *messages.FieldError as its cause.
func (l *License) Context(parent context.Context) (context.Context, context.CancelFunc) {
	if err := checkContext(parent); err != nil {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(err)
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(parent)
	done := l.Done()
	go func() {
		select {
		case <-done:
			cancel(l.Err())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Status returns the state of the license at this moment. It does not block.
func (l *License) Status() LicenseStatus {
	if !l.granted() {
		return LicenseStatus{}
	}
	origin := l.feature.Origin()
	return LicenseStatus{
		Claim: l.feature.Claim, Server: origin.Server(), State: l.feature.State(),
		Failed: origin.Failed(), Deadline: l.feature.Deadline(),
	}
}

// LicenseStatus is the state of a license at one moment.
type LicenseStatus struct {
	messages.Claim
	// Server is the server that the seats are from.
	Server messages.Server `json:"server"`
	State  messages.State  `json:"state"`
	// Failed is how many heartbeats of the license's connection failed in a row.
	Failed int `json:"failed"`
	// Deadline is when the server may give the seats to others unless it acknowledges a heartbeat before. It is zero for
	// a local licence.
	Deadline time.Time `json:"deadline,omitzero"`
}
