package messages

import "fmt"

// Reason says why seats were refused, why a lease ended, or why a pair of events was closed without a grant. Its text
// in JSON is its name.
type Reason uint8

// Reasons, in four groups: refusals of a server, refusals that ask to come back later, ends of leases, and reasons of
// the runtime itself.
const (
	// NoReason is the zero value.
	NoReason Reason = iota

	// NoSuchFeature: the server has no licence of this feature.
	NoSuchFeature
	// NoSeats: too few seats are free. Try again later, or set Checkout.Wait.
	NoSeats
	// VersionTooLow: the server serves a lower version, or, for an exact checkout, another version.
	VersionTooLow
	// FeatureExpired: the licence of the feature has expired. It also ends leases.
	FeatureExpired
	// Revoked: an administrator ended the lease. A checkout that replaces a revoked lease is refused for this reason,
	// too.
	Revoked
	// Denied: the server does not serve this client. An administrator has to change that.
	Denied
	// Malformed: the request was out of bounds, or not understood. A repeat cannot help.
	Malformed

	// Busy: the server is overloaded. The refusal has a RetryAfter.
	Busy
	// Draining: the server is starting or stopping. The refusal has a RetryAfter.
	Draining
	// RateLimited: this client calls too often, or asks for too much. The refusal has a RetryAfter.
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
	// Superseded: another server granted the seats first. No runtime of this version uses it.
	Superseded
	// Ended: the checkout ended before the answer came.
	Ended
	// TimedOut: the client timeout was over without an acknowledged heartbeat, and EnforceTimeout is on.
	TimedOut
	// GaveUp: no server was reached.
	GaveUp
	// DownLimit: a server had more outages than allowed.
	DownLimit
	// Internal: a defect of the runtime ended the licence; the message has the cause. Please report it as a bug.
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

// MarshalText returns the name of the reason.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a reason. Another text is an error, and leaves r as it is.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, name := range reasonNames {
		if name == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("unknown reason %q", text)
}
