package transport

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Hello is what a server reports about itself in every reply.
type Hello struct {
	// Identity is the server and the process that answers.
	Identity messages.Identity
	// ClientTimeout is how long a lease lives without a heartbeat. Positive.
	ClientTimeout time.Duration
}

// Wait returns how long a take may wait in one call: a third of the client timeout, at most MaxWait.
func (h Hello) Wait() time.Duration { return min(h.ClientTimeout/3, MaxWait) }

// PlaceKept returns for how long the place of a take is kept while no call waits for it: a third of the client timeout,
// at most KeepPlace.
func (h Hello) PlaceKept() time.Duration { return min(h.ClientTimeout/3, KeepPlace) }
