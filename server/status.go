package server

import (
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// Status is the state of a server, for its operator.
type Status struct {
	Identity messages.Identity
	// LicenseTime is the time by which licences are judged, and ClockBehind how far the wall clock is behind it; see
	// [Server.LicenseTime].
	LicenseTime time.Time
	ClockBehind time.Duration
	// Draining: new requests are refused.
	Draining bool
	// Clients is how many clients are remembered, Leases how many leases are held, Ended how many ended leases and
	// cancelled requests are remembered.
	Clients, Leases, Ended int
	// Features are the features in the list, and those that left it with seats still held, in the order of their names.
	Features []FeatureStatus
}

// FeatureStatus is the state of one feature. Its Feature adds up the blocks in force, or all blocks when none is in force:
// the highest Version, the sums of Seats and Overdraft, the last to expire. Starts is the zero time unless no block has
// started yet.
type FeatureStatus struct {
	license.Feature
	// Used is the number of seats held; leases that share a seat count once. Used exceeds Seats and Overdraft together
	// only after seats were taken away: by SetFeatures, or because a block expired.
	Used int
	// Overdrawn is how many of the seats held are beyond Seats, or beyond the seats of the versions that they need.
	Overdrawn int
	// Waiting is how many takes are queued for seats.
	Waiting int
	// Listed: the feature is in the list.
	Listed bool
}

func statusOf(identity messages.Identity, s engine.Status) Status {
	status := Status{
		Identity: identity, LicenseTime: s.LicenseTime, ClockBehind: s.ClockBehind, Draining: s.Draining,
		Clients: s.Clients, Leases: s.Leases, Ended: s.Ended,
	}
	for _, p := range s.Pools {
		status.Features = append(status.Features, FeatureStatus(p))
	}
	return status
}

// MaxHolders is the maximum number of leases in a HoldersPage.
const MaxHolders = seats.MaxHolders

// Lease is a lease that is held, for an operator.
type Lease struct {
	ID      messages.LeaseID
	Feature string
	Version messages.Version // that was served
	Count   int
	Holder  ledger.Holder
	// User and Host are unproven claims of the client; empty while it has not connected since a restart.
	User, Host string
}

// HoldersQuery says which leases to return. The zero value asks for the first page of all leases.
type HoldersQuery struct {
	// Feature restricts the leases to those of one feature; empty means all features.
	Feature string
	// After is the Next of the previous page.
	After uint32
}

// HoldersPage is a part of the leases.
type HoldersPage struct {
	// Leases may be fewer than MaxHolders, even none, when more pages follow.
	Leases []Lease
	// Next asks for the next page; 0 when this is the last.
	Next uint32
}

func pageOf(p seats.HoldersPage) HoldersPage {
	page := HoldersPage{Next: p.Next}
	for _, l := range p.Leases {
		page.Leases = append(page.Leases, Lease(l))
	}
	return page
}
