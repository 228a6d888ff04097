package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/actors"
	"github.com/seatbeat/seatbeat/messages"
)

// License is one checkout that was granted. It is safe for concurrent use. Drop it when it is gone; there is nothing to
// free.
type License struct{ feature actors.Feature }

// Done returns a channel that is closed when the license is gone, before the event that tells of it is delivered.
func (l *License) Done() <-chan struct{} { return l.feature.Done() }

// Err returns nil while the license lives. After that errors.Is tells why it is gone: messages.ErrLost (a
// *messages.LostError), messages.ErrExited (a *messages.ExitedError), messages.ErrUnavailable (a
// *messages.UnavailableError), messages.ErrCheckedIn or messages.ErrClosed.
func (l *License) Err() error { return l.feature.Err() }

// Checkin returns the seats. The license is gone at once. Checkin then waits until the server has taken the seats back;
// while the server is not reached it does not wait, and the runtime returns them later. The error is the cause of ctx
// when that ends first (the seats are returned nevertheless), or the license's own if it was gone for another reason.
func (l *License) Checkin(ctx context.Context) error {
	if err := l.feature.Checkin(ctx); err != nil {
		return fmt.Errorf("checkin %s: %w", l.feature.Claim, err)
	}
	return nil
}

// Heartbeat beats this license now and blocks until the server has answered or ctx ends. It returns nil when the seats
// are held, also when they had to be taken again; the license's own error when it is gone; or why the server gave no
// answer, in which case the license goes on. Nil is true when the server answers: what ends the license right after that,
// as an outage past the limit that this very answer told of, is said by Done, Err and the next call. It is needed only
// where automatic heartbeats are off; where they are on it makes the connection beat now, and its failure does not count.
func (l *License) Heartbeat(ctx context.Context) error {
	return l.feature.Heartbeat(ctx)
}

// Context returns a context that is cancelled, with the license's error as its cause, when the license is gone. The
// function frees its resources; call it when the work is done.
func (l *License) Context(parent context.Context) (context.Context, context.CancelFunc) {
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

// LicenseStatus is what a license is at one moment.
type LicenseStatus struct {
	messages.Claim
	Server messages.Server `json:"server"`
	State  messages.State  `json:"state"`
	// Failed is how many heartbeats of the license's connection failed in a row.
	Failed int `json:"failed"`
	// Deadline is when the server may give the seats away unless a heartbeat is acknowledged before. Zero for a local
	// licence.
	Deadline time.Time `json:"deadline,omitzero"`
}

// Status returns what the license is now. It does not block.
func (l *License) Status() LicenseStatus {
	origin := l.feature.Origin()
	return LicenseStatus{
		Claim: l.feature.Claim, Server: origin.Server(), State: l.feature.State(),
		Failed: origin.Failed(), Deadline: l.feature.Deadline(),
	}
}
