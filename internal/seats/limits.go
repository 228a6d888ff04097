package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/server/license"
)

// MaxSlots bounds the number of leases, held ones and remembered ones. A record of a ledger that names a higher slot is
// damaged: it could make the allocator ask for all memory.
const MaxSlots = 1 << 26

// Limits bound what clients can ask for. All are at least 1.
type Limits struct {
	Clients       int // clients that hold leases, wait or have called within seconds
	InFlight      int // calls of one client that are answered at a time, blocked calls not counted
	ClientLeases  int // leases held by one client
	Leases        int // leases held and remembered, at most MaxSlots
	Rate          int // average number of takes and returns of one client in a second
	Burst         int // takes and returns of one client at once
	ClientWaiting int // takes of one client that wait in queues
	Waiting       int // takes of all clients that wait in queues

	// What the clients of one identity use together.
	IdentityClients int // of Clients
	IdentityLeases  int // of Leases
	IdentityWaiting int // of Waiting
	IdentityRate    int // sessions opened a second, and returns of unknown requests a second, on average
	IdentityBurst   int // the same at once
}

// Config is how an allocator works.
type Config struct {
	Limits        Limits
	RetryAfter    time.Duration // the retry-after of refusals for temporary reasons
	ClientTimeout time.Duration // how long a lease lives without a heartbeat; positive
	KeepWaiter    time.Duration // how long a take keeps its position in a queue while no call is blocked on it
	Features      []license.Feature
	Audit         bool                // collect an AuditRecord for each decision
	Draw          func(secret []byte) // fills secret with random bytes
}
