package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Lease is a lease that a server has granted and that has not ended.
type Lease struct {
	ID       messages.LeaseID
	Request  messages.RequestID // that was granted
	Instance [16]byte           // of the client that holds the lease
	Feature  string
	Count    int
	Local    bool
	Age      time.Duration // since the last heartbeat that named the lease, or since the grant; 0 for a local lease
}
