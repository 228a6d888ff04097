package outage

import (
	"context"

	"github.com/seatbeat/seatbeat/messages"
)

// OutageStore keeps the outages of servers for longer than a process lives, so that programs that run for seconds are
// counted together. Its methods are called on goroutines of the runtime, one at a time; a call may take as long as its
// context lets it, and delays nothing but the correction of the count.
type Store interface {
	// Load returns what is known of every server, by ServerID. It is called once, by Start, which fails with its error. An
	// empty store is not an error.
	Load(ctx context.Context) (map[string]messages.OutageRecord, error)
	// Merge adds what this program saw of one server to what the store knows, durably, and returns both together: the
	// outages that several programs saw of one restart are one, and so are those whose spans overlap.
	Merge(ctx context.Context, serverID string, seen messages.OutageRecord) (messages.OutageRecord, error)
}
