package transport

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Refusal is the error of a call that the server answered with no.
type Refusal struct {
	Reason     messages.Reason
	Message    string        // of the server, may be empty
	RetryAfter time.Duration // when positive, the call may be repeated after this time
	Hello      Hello         // of the server that refused; zero when the server did not report it
}

func (r *Refusal) Error() string {
	text := "refused: " + r.Reason.String()
	if r.Message != "" {
		text += ": " + r.Message
	}
	if r.RetryAfter > 0 {
		text += fmt.Sprintf(" (retry after %s)", r.RetryAfter)
	}
	return text
}

// AsRefusal returns the refusal in err, or nil when err means that the server was not reached.
func AsRefusal(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}
