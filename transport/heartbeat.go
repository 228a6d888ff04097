package transport

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Ended is a lease that is no longer held.
type Ended struct {
	Lease  messages.LeaseID
	Reason messages.Reason // Unknown, Expired, Replaced, Returned, Revoked or FeatureExpired
}

// HeartbeatReply answers Heartbeat.
type HeartbeatReply struct {
	Hello
	// Ended are the leases of the call that are no longer held; all others are renewed.
	Ended []Ended
	// NotBefore, when positive, asks the client to wait at least so long before its next heartbeat.
	NotBefore time.Duration
}
