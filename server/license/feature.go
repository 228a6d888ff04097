package license

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// MaxSeats is the highest number of seats of a Feature, and of its Overdraft.
const MaxSeats = 1 << 30

// Feature is one block of seats that a licence grants.
//
// When a list has several blocks with the same Name, their seats add up; each block has its own Version, Seats,
// Overdraft, Starts and Expires. A seat serves checkouts of its own version and of lower versions.
type Feature struct {
	// Name is what a checkout asks for, within the bounds of [messages.Checkout].
	Name string
	// Version is the highest version that the block serves. Checkouts of lower versions are granted too, unless they ask
	// for an exact version: those are granted only from a block of exactly that version.
	Version messages.Version
	// Seats is the number of seats, 0 to MaxSeats.
	Seats int
	// Overdraft is how many seats are granted beyond Seats, each marked as overdrawn, 0 to MaxSeats.
	Overdraft int
	// Share says whose leases hold one seat together. Default ShareNone. All blocks with the same Name must agree.
	Share Share
	// Starts is when the block comes into force. Until then the block grants nothing; when no block of a feature has
	// started, a server treats the feature as unknown. The zero time means at once. When one block starts at the moment
	// another expires, leases continue. A block that expires before it starts never comes into force.
	Starts time.Time
	// Expires is when the block stops granting. When no other block of the feature is in force, the leases of the feature
	// then end with FeatureExpired. The zero time means never.
	Expires time.Time
}

// Started reports whether the block has come into force by this time. It may have expired since.
func (f Feature) Started(at time.Time) bool { return !at.Before(f.Starts) }

// Active reports whether the block is in force at this time: it has started and has not expired.
func (f Feature) Active(at time.Time) bool {
	return f.Started(at) && (f.Expires.IsZero() || at.Before(f.Expires))
}
