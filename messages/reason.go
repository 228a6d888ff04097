package messages

import "fmt"

// Reason says why seats were refused, why a lease ended, or why a pair of events was closed without a grant.
type Reason uint8

// Reasons. The first group is a server's refusal of a checkout, the second a refusal that asks to come back later, the
// third the end of a lease as the server tells it, the fourth is said by the runtime itself.
const (
	// NoReason is the zero value: nothing is wrong, or nothing is known.
	NoReason Reason = iota

	// NoSuchFeature: the server has no licence of this feature.
	NoSuchFeature
	// NoSeats: fewer seats are free than were asked for.
	NoSeats
	// VersionTooLow: the server serves a lower version than was asked for, or another one than asked for exactly.
	VersionTooLow
	// FeatureExpired: the licence of the feature has run out. It also ends leases.
	FeatureExpired
	// Revoked: an administrator took the lease away. It also refuses a checkout that replaces a revoked lease.
	Revoked
	// Denied: the server does not serve this client.
	Denied
	// Malformed: the request was not understood or out of bounds; repeating it cannot help.
	Malformed

	// Busy: the server has too much to do. Such a refusal says when to come back.
	Busy
	// Draining: the server is shutting down or starting. Such a refusal says when to come back.
	Draining
	// RateLimited: this client asks too often, or for too much. Such a refusal says when to come back.
	RateLimited

	// Unknown: the server does not know the lease.
	Unknown
	// Expired: no heartbeat named the lease for the client timeout.
	Expired
	// Replaced: a later checkout of the same client replaced the lease.
	Replaced
	// Returned: the lease was checked in, or its request was cancelled.
	Returned

	// Unanswered: the server gave no answer.
	Unanswered
	// Superseded: another server or another way to the seat was faster.
	Superseded
	// Ended: the checkout ended meanwhile, for a reason of its own.
	Ended
	// TimedOut: the client timeout passed without an acknowledged heartbeat, and EnforceTimeout is on.
	TimedOut
	// GaveUp: no server was reached.
	GaveUp
	// DownLimit: a server went down and came back more often than allowed.
	DownLimit
	// Internal: a defect of the runtime itself ended it; the message says more.
	Internal

	reasons // the number of reasons
)

var reasonNames = [reasons]string{
	NoReason: "", NoSuchFeature: "NoSuchFeature", NoSeats: "NoSeats", VersionTooLow: "VersionTooLow",
	FeatureExpired: "FeatureExpired", Revoked: "Revoked", Denied: "Denied", Malformed: "Malformed",
	Busy: "Busy", Draining: "Draining", RateLimited: "RateLimited",
	Unknown: "Unknown", Expired: "Expired", Replaced: "Replaced", Returned: "Returned",
	Unanswered: "Unanswered", Superseded: "Superseded", Ended: "Ended", TimedOut: "TimedOut", GaveUp: "GaveUp",
	DownLimit: "DownLimit", Internal: "Internal",
}

// String returns the name of the reason, "" for NoReason.
func (r Reason) String() string {
	if r >= reasons {
		return fmt.Sprintf("Reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// MarshalText returns the name of the reason, so that JSON shows it.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name that MarshalText wrote. Another text is an error.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, name := range reasonNames {
		if name == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("unknown reason %q", text)
}
