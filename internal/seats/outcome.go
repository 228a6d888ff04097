package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Take asks for seats. Its fields are within the bounds of the protocol, unless Fault says otherwise.
type Take struct {
	Request  messages.RequestID
	Feature  string
	Version  messages.Version
	Count    int
	Exact    bool
	Replaces []messages.RequestID
	Wait     time.Duration // how long the call may be blocked until seats are free; 0 for not at all
	Fault    string        // why the take is malformed; empty when it is not
}

// Outcome answers a take. A grant has Lease, Version and Overdrawn; a refusal has Reason and Message, and RetryAfter when
// trying again may help; a Gone has the Reason of the end.
type Outcome struct {
	Result     Result // 0 while nothing is decided
	Lease      messages.LeaseID
	Version    messages.Version // that was served
	Overdrawn  bool             // the grant is beyond the seats of the licence
	Reason     messages.Reason
	Message    string
	RetryAfter time.Duration
	Limit      Limit // that was met, if any
}

// Result is the kind of an Outcome.
type Result uint8

// The results of takes.
const (
	Granted Result = iota + 1
	Refused
	Gone // the lease has ended, or the request was cancelled
)
