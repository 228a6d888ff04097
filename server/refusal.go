package server

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// refusal is the error of a call that is answered with no. Every other error that leaves the engine means that there is
// no answer.
type refusal struct {
	reason     messages.Reason
	message    string
	retryAfter time.Duration
}

func (r *refusal) Error() string { return r.reason.String() + ": " + r.message }
