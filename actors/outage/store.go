package outage

import (
	"context"

	"github.com/seatbeat/seatbeat/messages"
)

// Store keeps the outages of servers for longer than a process lives, so that programs that run for seconds are counted
// together. The runtime calls its methods on goroutines of its own, one at a time. A call may take as long as its context
// allows; nothing waits for it but the correction of the count.
type Store interface {
	// Load returns what is known of every server, by ServerID, and of every address, by "@" and the address. Start calls it once, and fails with its error. An empty
	// store is no error.
	Load(ctx context.Context) (map[string]messages.OutageRecord, error)
	// Merge adds what this program saw of one server to what the store knows, durably, and returns both together, as the
	// function Merge of this package does.
	Merge(ctx context.Context, serverID string, seen messages.OutageRecord) (messages.OutageRecord, error)
}
