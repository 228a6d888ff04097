package transport

import (
	"context"

	"github.com/seatbeat/seatbeat/messages"
)

// Address is where a licence server is reached.
type Address = messages.Address

// Transport opens sessions with licence servers. It must be safe for concurrent use.
//
// The runtime survives an implementation that breaks the contract: a call that panics, calls runtime.Goexit or has not
// returned half a second after its context ended counts as not reached.
type Transport interface {
	// Connect reaches the server at the address and returns when the server has reported its identity, so that Hello of
	// the session is known. It may block until ctx ends and must return soon after that. An error leaves nothing open.
	// A server that does not serve the client, which is [ClientFrom] ctx, returns a *Refusal.
	//
	// The runtime closes every session that it gets. It holds at most one session with a server, and a second one for a
	// moment while that takes over. The session outlives ctx.
	Connect(ctx context.Context, address Address) (Session, error)
}

// Session is the session of one client with one server. Its methods are safe for concurrent use. Each may block until
// its context ends and must return soon after that. A call after Close, or during it, fails as not reached.
//
// Every reply has the [Hello] of the server at the time of the answer. The session may reconnect by itself underneath,
// but never repeats a call that may have been sent.
type Session interface {
	// Hello returns what the server reported when the session was opened. It does not block.
	Hello() Hello

	// Checkout asks for the seats of 1 to MaxBatch takes and returns one outcome for each, in the order of the takes.
	// Each take is granted or refused by itself. The caller owns the slice, which the session neither changes nor
	// keeps.
	//
	// A take whose Request was granted before is not executed again: it gets the same grant while the lease lives, and
	// Gone after that. What it Replaces is freed and its seats are granted in one step, or neither happens.
	Checkout(ctx context.Context, takes []Take) (CheckoutReply, error)

	// Heartbeat renews 0 to MaxLeases leases of this client and returns those among them that are no longer held.
	// Without a lease it only shows that the server is reached. The caller owns the slice.
	Heartbeat(ctx context.Context, leases []messages.LeaseID) (HeartbeatReply, error)

	// Checkin returns the seats of 1 to MaxBatch leases, requests or both. It succeeds for those that are unknown or
	// have ended. A request that it names is never executed afterwards, even if the request arrives later. The caller
	// owns the slice.
	Checkin(ctx context.Context, returns []Return) (CheckinReply, error)

	// Close ends the session and every call on it. It frees no seat: leases outlive sessions. It does not block on the
	// network, and may be called again.
	Close() error
}
