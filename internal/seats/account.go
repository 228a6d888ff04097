package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// account is what the clients of one identity use together. Clients draw their instances themselves, so that a limit that
// went by instance would bound nobody: the limits of an account let no identity use up what all share.
type account struct {
	// Guarded by the mutex of Clients.
	clients  int         // remembered
	awake    int         // of these
	connects rateLimiter // sessions opened and instances met

	// For the allocator only.
	entries int         // held and remembered leases, and remembered requests
	waiting int         // takes in queues
	unknown rateLimiter // returns of requests that the server does not know
}

func (a *account) addClients(n int) { a.clients += n }
func (a *account) addAwake(n int)   { a.awake += n }
func (a *account) addEntries(n int) { a.entries += n }
func (a *account) addWaiting(n int) { a.waiting += n }

// allowConnect counts a session or a new instance, or returns how long to wait until there may be one.
func (a *account) allowConnect(now time.Duration, limits Limits) (wait time.Duration) {
	return a.connects.take(1, now, limits.IdentityRate, limits.IdentityBurst)
}

// allowUnknown counts a return of a request that the server does not know, or refuses it.
func (a *account) allowUnknown(now time.Duration, limits Limits) error {
	if wait := a.unknown.take(1, now, limits.IdentityRate, limits.IdentityBurst); wait > 0 {
		return refusedAt(LimitUnknownReturns, messages.RateLimited, "the identity returns too many unknown requests", wait)
	}
	return nil
}
