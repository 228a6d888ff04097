package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Bounds of one call. The runtime never passes more; a server may refuse more.
const (
	// MaxLeases is the most leases that one Heartbeat names: 64 KB of packed ids.
	MaxLeases = 4096
	// MaxBatch is the most takes of one Checkout, and the most returns of one Checkin.
	MaxBatch = 1024
	// MaxReplaces is the most earlier requests that one Take names.
	MaxReplaces = 16
)

// Bounds of waiting in line.
const (
	// MaxWait is the longest that a take waits in one call.
	MaxWait = 20 * time.Second
	// KeepPlace bounds how long a server keeps the place in line of a client that is not asking, see [Hello.PlaceKept].
	KeepPlace = 10 * time.Second
)

// Address is where a licence server is reached.
type Address = messages.Address

// Transport opens sessions to licence servers. It must be safe for concurrent use.
type Transport interface {
	// Connect reaches the server at the address and returns when the server has told who it is, so that Hello of the
	// session is known. It may block until ctx ends and must return soon after that; an error leaves nothing open.
	// The client that connects is found in ctx by [ClientFrom]. A server that does not serve it returns a *Refusal.
	//
	// The runtime holds at most one session per server, but for the moment when a later one takes over, and closes each
	// that it was given. The session outlives ctx.
	Connect(ctx context.Context, address Address) (Session, error)
}

// Session is one client's tie to one server. Its methods are safe for concurrent use; each may block until its context
// ends and must return soon after that. A call after Close, or one that Close overtook, fails as not reached.
//
// Every reply starts with the server's [Hello] at the time of the answer: that is how a restart is recognised. The
// session may reconnect by itself underneath; it must not repeat a call by itself once the call may have been sent.
type Session interface {
	// Hello returns what the server said of itself when the session was opened. It does not block.
	Hello() Hello

	// Checkout asks for the seats of 1 to MaxBatch takes and returns one outcome for each, in the order of takes.
	// Takes are independent of each other: each is granted or refused by itself. The slice stays the caller's and is
	// not changed; the session does not keep it.
	//
	// A take whose Request was granted before is not executed again: it gets the same grant while that lease lives, and
	// Gone with the reason after that. Replaces are freed and the seats granted in one step, or neither.
	Checkout(ctx context.Context, takes []Take) (CheckoutReply, error)

	// Heartbeat renews 0 to MaxLeases leases of this client and returns those among them that are no longer held.
	// No lease named and answered means a sign of life only. The slice stays the caller's.
	Heartbeat(ctx context.Context, leases []messages.LeaseID) (HeartbeatReply, error)

	// Checkin returns the seats of 1 to MaxBatch leases, requests or both. It succeeds for those that are unknown or ended
	// already, and after it a request named here is never executed, even if it arrives later than its return.
	// The slice stays the caller's.
	Checkin(ctx context.Context, returns []Return) (CheckinReply, error)

	// Close ends the session and every call on it. It frees no seat: leases outlive sessions. It may be called more
	// than once and does not block on the network.
	Close() error
}

// Hello is what a server says of itself with every reply.
type Hello struct {
	// Identity is which life of which server answers.
	Identity messages.Identity
	// ClientTimeout is how long a lease lives without a heartbeat. Positive.
	ClientTimeout time.Duration
}

// Wait returns how long a take may wait in one call: a third of the client timeout, at most MaxWait.
func (h Hello) Wait() time.Duration { return min(h.ClientTimeout/3, MaxWait) }

// PlaceKept returns how long a place in line is kept while no call waits for it: a third of the client timeout, at most
// KeepPlace.
func (h Hello) PlaceKept() time.Duration { return min(h.ClientTimeout/3, KeepPlace) }

// Take asks for seats of one feature.
type Take struct {
	// Request is drawn by the client, never zero; a repeat has the same. The id of a lease that lives, reused for another
	// feature or count, is answered by a refusal as Malformed.
	Request messages.RequestID
	Feature string
	Version messages.Version // a server that serves this or a higher one grants it
	Count   int              // at least 1, all or nothing
	Exact   bool             // refuse if the server serves another version than Version
	// Replaces names up to MaxReplaces earlier requests of this client at this server, never Request itself. One named
	// twice counts once; a zero id names nothing; one that is unknown is never executed from now on.
	Replaces []messages.RequestID
	// Wait, when positive, lets the take wait in line in this call, for so long at most, when no seats are free. It counts
	// for nothing unless the take is the only one of its call.
	Wait time.Duration
}

// Result is the kind of an [Outcome].
type Result uint8

// Results. The zero value is none of them: an outcome that a server left out counts as unanswered.
const (
	// Granted: Lease is held, or the seats are Local.
	Granted Result = iota + 1
	// Refused: nothing was granted; Reason, Message and RetryAfter say why.
	Refused
	// Gone: the request was granted before and its lease has ended since, or the request was cancelled; Reason says why.
	// It is never executed again.
	Gone
)

// Outcome answers one take.
type Outcome struct {
	Request messages.RequestID // that of the take
	Result  Result
	Lease   messages.LeaseID // of a grant
	Version messages.Version // of a grant: the version that the server serves
	Local   bool             // of a grant: a local licence, which is never beaten and which no server frees
	// Overdraft: of a grant: it is past the seats that were bought, which the licence allows for.
	Overdraft bool
	Reason    messages.Reason // of a refusal, or of the end of the lease
	Message   string          // further words of the server, may be empty
	// RetryAfter, when positive, makes a refusal "not yet answered": the take is to be repeated after this time.
	RetryAfter time.Duration
}

// CheckoutReply answers Checkout.
type CheckoutReply struct {
	Hello
	Outcomes []Outcome // as many as takes, in their order
}

// Ended tells of one lease that is no longer held.
type Ended struct {
	Lease  messages.LeaseID
	Reason messages.Reason // Unknown, Expired, Replaced, Returned, Revoked or FeatureExpired
}

// HeartbeatReply answers Heartbeat.
type HeartbeatReply struct {
	Hello
	// Ended lists the leases named in the call that are no longer held; all others are renewed.
	Ended []Ended
	// NotBefore, when positive, asks the client to wait at least this long before its next heartbeat.
	NotBefore time.Duration
}

// Return gives seats back. It names a lease, or the request that may have been granted; a zero id names nothing. Both
// fields may be set, even about different seats: both are then returned.
type Return struct {
	Lease   messages.LeaseID
	Request messages.RequestID
}

// CheckinReply answers Checkin.
type CheckinReply struct {
	Hello
}

// Refusal is the error of a call that the server answered with no.
type Refusal struct {
	Reason     messages.Reason
	Message    string
	RetryAfter time.Duration // when positive, the call may be repeated after this time
	Hello      Hello         // of the server that refused; zero when it did not say
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
