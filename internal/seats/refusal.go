package seats

import (
	"errors"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Refusal is the error of a whole call that is answered with a refusal. Every other error means that the call gets no
// answer.
type Refusal struct {
	Reason     messages.Reason
	Message    string
	RetryAfter time.Duration // 0 when trying again does not help
	Limit      Limit         // that was met, if any
}

// Error says why the call is refused.
func (r *Refusal) Error() string { return r.Reason.String() + ": " + r.Message }

// Errors of calls that get no answer.
var (
	// ErrSuperseded: the session of the call is not the newest session of its instance.
	ErrSuperseded = errors.New("session superseded by a later one of the same client")
	// ErrOvertaken: while the call was blocked, a later call came for the same request.
	ErrOvertaken = errors.New("a later call asks for the same request")
)

// ErrNoLease: no lease with this id is held. It may have ended already; nothing has to be done.
var ErrNoLease = errors.New("no such lease")
