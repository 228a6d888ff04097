package seats

import (
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Limit names a limit that refuses calls and takes, for metrics and the log.
type Limit uint8

// The limits.
const (
	NoLimit Limit = iota
	LimitClients
	LimitIdentityClients
	LimitIdentityConnects
	LimitInFlight
	LimitRate
	LimitClientLeases
	LimitIdentityLeases
	LimitLeases
	LimitUnknownReturns
	LimitClientWaiting
	LimitIdentityWaiting
	LimitWaiting
	LimitRequests
	LimitWatches
	limitCount
)

var limitNames = [limitCount]string{
	LimitClients: "clients", LimitIdentityClients: "identity_clients", LimitIdentityConnects: "identity_connects",
	LimitInFlight: "in_flight", LimitRate: "rate", LimitClientLeases: "client_leases",
	LimitIdentityLeases: "identity_leases", LimitLeases: "leases", LimitUnknownReturns: "unknown_returns",
	LimitClientWaiting: "client_waiting", LimitIdentityWaiting: "identity_waiting", LimitWaiting: "waiting",
	LimitRequests: "requests", LimitWatches: "watches",
}

// String returns the name of the limit.
func (l Limit) String() string { return limitNames[l] }

// LimitCounts counts what each limit has refused since the server started. Its methods are safe for concurrent use.
type LimitCounts struct{ refused [limitCount]atomic.Int64 }

// Count counts a call or take that a limit has refused. NoLimit counts nothing.
func (c *LimitCounts) Count(l Limit) {
	if l != NoLimit {
		c.refused[l].Add(1)
	}
}

// All calls yield with each limit and how much it has refused.
func (c *LimitCounts) All(yield func(l Limit, refused int64) bool) {
	for l := NoLimit + 1; l < limitCount; l++ {
		if !yield(l, c.refused[l].Load()) {
			return
		}
	}
}

// refusedAt returns the refusal of a call that has met a limit.
func refusedAt(l Limit, reason messages.Reason, message string, retryAfter time.Duration) *Refusal {
	return &Refusal{Reason: reason, Message: message, RetryAfter: retryAfter, Limit: l}
}
