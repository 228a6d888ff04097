package grpcapi

import (
	"sync"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
)

// MaxWatches is how many streams of the health service one identity has open at a time. Each costs the server memory for
// as long as the client likes.
const MaxWatches = 64

// watches counts the open streams of the health service by identity. It is safe for concurrent use.
type watches struct {
	mu     sync.Mutex
	counts map[string]int
}

// enter counts a stream, unless the identity has too many already.
func (w *watches) enter(identity string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts[identity] >= MaxWatches {
		return &seats.Refusal{Reason: messages.RateLimited, Message: "the identity has too many streams", Limit: seats.LimitWatches}
	}
	if w.counts == nil {
		w.counts = make(map[string]int)
	}
	w.counts[identity]++
	return nil
}

func (w *watches) leave(identity string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts[identity]--; w.counts[identity] == 0 {
		delete(w.counts, identity)
	}
}
