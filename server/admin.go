package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
)

// ErrNoLease: the server holds no lease with this id. It may have ended already; nothing is to be done.
var ErrNoLease = errors.New("no such lease")

// Status is what a server says of itself to its operator.
type Status struct {
	Identity messages.Identity
	// LicenseTime is what licences are judged by, and ClockBehind how far the wall clock is behind it; see
	// [Server.LicenseTime].
	LicenseTime time.Time
	ClockBehind time.Duration
	// Draining: new requests are refused.
	Draining bool
	// Clients is how many are remembered, Leases how many leases are held, Ended how many ended leases and cancelled
	// requests are remembered.
	Clients, Leases, Ended int
	// Features are those in the list, and those that left it with seats still held, in the order of their names.
	Features []FeatureStatus
}

// FeatureStatus is the state of one pool. Its Feature adds up the blocks whose licence is in force, or all of them when
// none is: the highest Version, the sums of Seats and Overdraft, the last to expire. Starts is the zero time unless no
// block has begun yet.
type FeatureStatus struct {
	Feature
	// Used is the number of seats held; leases that share one count once. It is more than Seats and Overdraft together
	// only after there were fewer of them: by SetFeatures, or since the licence of a block ran out.
	Used int
	// Overdrawn is how many of them are past Seats, or past the seats of the versions that they need.
	Overdrawn int
	// Waiting is how many takes are in line for seats.
	Waiting int
	// Listed: the feature is in the list.
	Listed bool
}

// Status returns what the server holds now. It waits for the committer, until ctx ends; after Stop it is an error.
func (s *Server) Status(ctx context.Context) (Status, error) {
	var status Status
	err := s.engine.administer(ctx, func(time.Duration) error {
		status = s.engine.status()
		return nil
	})
	if err != nil {
		return Status{}, fmt.Errorf("status of server: %w", err)
	}
	return status, nil
}

// End ends a lease for a reason: Expired, Replaced, Returned, Revoked or FeatureExpired. It returns when the end is
// durable, ErrNoLease if no such lease is held. The holder learns of it with its next heartbeat.
func (s *Server) End(ctx context.Context, lease messages.LeaseID, reason messages.Reason) error {
	if !slices.Contains([]messages.Reason{
		messages.Expired, messages.Replaced, messages.Returned, messages.Revoked, messages.FeatureExpired,
	}, reason) {
		return fmt.Errorf("end lease: %q is not why a lease ends", reason)
	}
	err := s.engine.administer(ctx, func(now time.Duration) error { return s.engine.book.endLease(lease, reason, now) })
	if err != nil {
		return fmt.Errorf("end lease: %w", err)
	}
	return nil
}

// Revoke ends a lease for good: its holder cannot get it back by replacing it. See [Server.End].
func (s *Server) Revoke(ctx context.Context, lease messages.LeaseID) error {
	return s.End(ctx, lease, messages.Revoked)
}

// SetFeatures replaces the list of features. It ends no lease: a feature with more seats taken than it now has grants
// again once enough of them came back, and one that left the list grants nothing more. The list is in force when
// SetFeatures returns nil; a faulty one changes nothing and is returned as joined [*messages.FieldError]s. The slice
// stays the caller's.
func (s *Server) SetFeatures(ctx context.Context, features []Feature) error {
	var faults faults.List
	validateFeatures(&faults, features)
	if err := faults.Err(); err != nil {
		return err
	}
	features = slices.Clone(features)
	err := s.engine.administer(ctx, func(time.Duration) error {
		s.engine.book.pools.set(features)
		s.engine.age()
		s.engine.book.stirAll() // there may be more seats, or none for some
		return nil
	})
	if err != nil {
		return fmt.Errorf("set features: %w", err)
	}
	return nil
}

// administer has the committer run a request of the operator, which limits and draining do not stop.
func (e *engine) administer(ctx context.Context, run func(now time.Duration) error) error {
	return e.submit(&op{ctx: ctx, admin: true, weight: 1, run: run, done: make(chan struct{})})
}

// endLease ends a held lease, whoever holds it.
func (b *book) endLease(lease messages.LeaseID, reason messages.Reason, now time.Duration) error {
	number := slotOf(lease[:])
	if !b.table.names(lease) || b.at(number).state != entryHeld {
		return ErrNoLease
	}
	b.endAs(deedRelease, number, reason, now)
	b.stirAll() // who waits to replace it may wait for nothing now
	return nil
}

// status is called by the committer.
func (e *engine) status() Status {
	status := Status{
		Identity: e.identity, LicenseTime: e.calendar.now(), ClockBehind: e.calendar.behind(), Draining: e.draining.Load(),
		Clients: e.clients.count(), Leases: e.book.held, Ended: e.book.tombs.len(),
	}
	for _, p := range e.book.pools.all {
		if p.listed || p.used > 0 {
			status.Features = append(status.Features, p.status())
		}
	}
	slices.SortFunc(status.Features, func(a, b FeatureStatus) int { return strings.Compare(a.Name, b.Name) })
	return status
}
