package actors

import (
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// input is a fact that a feature's machine is told. Pointers, so that one value serves a whole burst; nobody changes it.
type input interface{ isInput() }

// fromOrigin is an input about the connection that the seats are from; from another one it is stale.
type fromOrigin interface {
	input
	from() *Link
}

// quiet keeps a message that its actor did not live to see out of the dead letter log: features end by themselves, and
// what is still under way to them then is settled by their connection.
type quiet struct{}

// IgnoreDeadLetterLogging is how protoactor recognises such messages.
func (quiet) IgnoreDeadLetterLogging() {}

func (quiet) isInput() {}

// Inputs of a feature. The first group comes from the application, the second answers a take, the third tells of the
// connection that the seats are from.
type (
	begin struct {
		quiet
		deadline instant // the caller's; zero when there is none
	}
	cancelled struct {
		quiet
		err error
	}
	closed    struct{ quiet }
	downLimit struct {
		quiet
		err *messages.UnavailableError
	}
	checkin struct {
		quiet
		call *promise
	}
	heartbeatNow struct {
		quiet
		call *promise
	}

	seatGranted struct {
		quiet
		take   uint32
		link   *Link
		server messages.Server
		local  bool
		over   bool // past the seats that were bought
	}
	seatRefused struct {
		quiet
		take    uint32
		server  messages.Server
		reason  messages.Reason
		message string
	}
	seatUnanswered struct {
		quiet
		take       uint32
		server     messages.Server
		reason     messages.Reason // Unanswered, or that of a refusal with retry-after
		cause      string
		reached    bool // the server replied to something since the sweep began
		retryAfter time.Duration
	}

	heartbeatFailed struct {
		quiet
		link   *Link
		failed int
		cause  string
		others []messages.Address // the search list without the addresses of this server
	}
	leaseResumed struct {
		quiet
		link *Link
	}
	leaseEnded struct {
		quiet
		link   *Link
		reason messages.Reason
	}
	leaseTimedOut struct {
		quiet
		link    *Link
		message string
	}
	serverRegained struct {
		quiet
		link *Link
	}
	originReplaced struct {
		quiet
		link *Link // the connection that is no longer the origin
		by   *Link // the one that is
	}
)

func (in *heartbeatFailed) from() *Link { return in.link }
func (in *leaseResumed) from() *Link    { return in.link }
func (in *leaseEnded) from() *Link      { return in.link }
func (in *leaseTimedOut) from() *Link   { return in.link }
func (in *serverRegained) from() *Link  { return in.link }
func (in *originReplaced) from() *Link  { return in.link }

// effect is an order that a feature's machine gives its actor.
type effect interface{ isEffect() }

// takeMode says what a take is for, and so what becomes of it when the server does not answer.
type takeMode uint8

const (
	firstMode  takeMode = iota // of a first checkout: the next server is asked
	sweepMode                  // of a failover sweep: the next server is asked
	retakeMode                 // at the origin: repeated until answered
	waitMode                   // of a first checkout that waits in line for seats: repeated until answered
)

// repeats reports whether such a take is repeated where it was sent, however long the server is silent. The others go to
// the next server.
func (m takeMode) repeats() bool { return m == retakeMode || m == waitMode }

// Effects of a feature.
type (
	// publish tells the subscribers.
	publish struct{ event messages.Event }
	// ready tells the caller of the first checkout that the seats are granted.
	ready struct{}
	// inLine notes why a first checkout waits, for the error to its caller, should the caller leave.
	inLine struct{ soFar *messages.CheckoutError }
	// end closes Done with the error and ends the actor.
	end struct{ err error }
	// takeSeat asks the server at address, or the connection link, for the seats.
	takeSeat struct {
		take    uint32
		address messages.Address
		link    *Link
		mode    takeMode
		began   instant       // when the sweep began: a reply since then means "reached"
		timeout time.Duration // for this server; not for a mode that repeats
	}
	// leave tells all connections what is no longer wanted: takes up to the number upTo, and every lease but the one from
	// the take held at keep.
	leave struct {
		keep   *Link
		held   uint32
		upTo   uint32
		origin *Link // of a checkin: the connection that answers call
		call   *promise
	}
	// beatNow makes the origin's connection beat for the application.
	beatNow struct {
		link *Link
		call *promise
	}
	// answer answers a call without asking anybody.
	answer struct{ call *promise }
	// gaveUp tells the runtime that no server was reached.
	gaveUp struct {
		link    *Link
		feature string
		failed  int
		cause   string
	}
)

func (publish) isEffect()  {}
func (ready) isEffect()    {}
func (inLine) isEffect()   {}
func (end) isEffect()      {}
func (takeSeat) isEffect() {}
func (leave) isEffect()    {}
func (beatNow) isEffect()  {}
func (answer) isEffect()   {}
func (gaveUp) isEffect()   {}

// promise is a call of the application that waits for an answer. It is answered at most once that counts; answering never
// blocks, whether the caller still waits or not.
type promise struct {
	answered chan error
	soFar    atomic.Pointer[messages.CheckoutError] // of a first checkout that waits in line: why; nil otherwise
}

func newPromise() *promise { return &promise{answered: make(chan error, 1)} }

// cutShort returns the error of a first checkout whose caller leaves for a cause.
func (c *promise) cutShort(cause error) error {
	soFar := c.soFar.Load()
	if soFar == nil {
		return cause
	}
	return &messages.CheckoutError{Checkout: soFar.Checkout, Answers: soFar.Answers, Cause: cause}
}

func (c *promise) answer(err error) {
	if c == nil {
		return
	}
	select {
	case c.answered <- err:
	default:
	}
}
