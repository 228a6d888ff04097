package transport

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Take asks for seats of one feature.
type Take struct {
	// Request is drawn by the client and never zero; a repeat of the take has the same id. A server refuses the id of a
	// lease that lives as Malformed when feature or count is another.
	Request messages.RequestID
	Feature string
	Version messages.Version // granted when the server serves this version or a higher one
	Count   int              // of seats, at least 1, granted all or none
	Exact   bool             // refuse unless the server serves exactly Version
	// Replaces names up to MaxReplaces earlier requests of this client at this server, never Request itself. A request
	// that is named twice counts once, a zero id names nothing, and an unknown request is never executed afterwards.
	Replaces []messages.RequestID
	// Wait, when positive, lets the take wait in the queue for so long in this call when too few seats are free. The
	// server ignores it unless the take is alone in its call.
	Wait time.Duration
}

// Result is the kind of an [Outcome].
type Result uint8

// Results. The zero value is none of them: an outcome that a server left out counts as not answered.
const (
	// Granted: the client holds Lease, or the seats are Local.
	Granted Result = iota + 1
	// Refused: nothing was granted. Reason, Message and RetryAfter say why.
	Refused
	// Gone: the request was granted before and its lease has ended, or the request was cancelled. Reason says why. It
	// is never executed again.
	Gone
)

// Outcome answers one take.
type Outcome struct {
	Request messages.RequestID // of the take
	Result  Result
	Lease   messages.LeaseID // of a grant
	Version messages.Version // of a grant: the version that the server serves
	Local   bool             // of a grant: a local licence, which needs no heartbeats and never expires
	// Overdraft: of a grant: it is beyond the seats that were bought, which the licence allows.
	Overdraft bool
	Reason    messages.Reason // of a refusal, or of the end of the lease
	Message   string          // of the server, may be empty
	// RetryAfter, when positive, means that the take is not decided: the client repeats it after this time.
	RetryAfter time.Duration
}

// CheckoutReply answers Checkout.
type CheckoutReply struct {
	Hello
	Outcomes []Outcome // one for each take, in their order
}
