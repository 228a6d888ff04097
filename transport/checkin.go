package transport

import "github.com/seatbeat/seatbeat/messages"

// Return returns seats. It names a lease, or a request that may have been granted; a zero id names nothing. When both
// fields are set, both are returned, even if they are about different seats.
type Return struct {
	Lease   messages.LeaseID
	Request messages.RequestID
}

// CheckinReply answers Checkin.
type CheckinReply struct {
	Hello
}
