package actors

import (
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// input is a fact that a feature's machine is told. Pointers, so that one value serves a whole burst; nobody changes it.
type Input interface{ IsInput() }

// fromOrigin is an input about the connection that the seats are from; from another one it is stale.
type FromOrigin interface {
	Input
	From() *ConnectionRef
}

// quiet keeps a message that its actor did not live to see out of the dead letter log: features end by themselves, and
// what is still under way to them then is settled by their connection.
type Message struct{}

// IgnoreDeadLetterLogging is how protoactor recognises such messages.
func (Message) IgnoreDeadLetterLogging() {}

func (Message) IsInput() {}

// Inputs of a feature. The first group comes from the application, the second answers a take, the third tells of the
// connection that the seats are from.
type (
	begin struct {
		Message
		deadline Instant // the caller's; zero when there is none
	}
	cancelled struct {
		Message
		err error
	}
	closed    struct{ Message }
	downLimit struct {
		Message
		err *messages.UnavailableError
	}
	checkin struct {
		Message
		reply *Reply
	}
	heartbeatNow struct {
		Message
		reply *Reply
	}

	seatGranted struct {
		Message
		take       uint32
		connection *ConnectionRef
		server     messages.Server
		local      bool
		overdraft  bool // past the seats that were bought
	}
	seatRefused struct {
		Message
		take    uint32
		server  messages.Server
		reason  messages.Reason
		message string
	}
	seatUnanswered struct {
		Message
		take       uint32
		server     messages.Server
		reason     messages.Reason // Unanswered, or that of a refusal with retry-after
		cause      string
		reached    bool // the server replied to something since the sweep began
		retryAfter time.Duration
	}

	heartbeatFailed struct {
		Message
		connection *ConnectionRef
		failed     int
		cause      string
		others     []messages.Address // the search list without the addresses of this server
	}
	leaseResumed struct {
		Message
		connection *ConnectionRef
	}
	leaseEnded struct {
		Message
		connection *ConnectionRef
		reason     messages.Reason
	}
	leaseTimedOut struct {
		Message
		connection *ConnectionRef
		message    string
	}
	serverRegained struct {
		Message
		connection *ConnectionRef
	}
	originReplaced struct {
		Message
		connection *ConnectionRef // the connection that is no longer the origin
		by         *ConnectionRef // the one that is
	}
)

func (in *heartbeatFailed) From() *ConnectionRef { return in.connection }
func (in *leaseResumed) From() *ConnectionRef    { return in.connection }
func (in *leaseEnded) From() *ConnectionRef      { return in.connection }
func (in *leaseTimedOut) From() *ConnectionRef   { return in.connection }
func (in *serverRegained) From() *ConnectionRef  { return in.connection }
func (in *originReplaced) From() *ConnectionRef  { return in.connection }

// effect is an order that a feature's machine gives its actor.
type Effect interface{ IsEffect() }

// takeMode says what a take is for, and so what becomes of it when the server does not answer.
type takeMode uint8

const (
	firstMode  takeMode = iota // of a first checkout: the next server is asked
	roundMode                  // of a failover sweep: the next server is asked
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
	queued struct{ partial *messages.CheckoutError }
	// end closes Done with the error and ends the actor.
	end struct{ err error }
	// takeSeat asks the server at address, or the connection link, for the seats.
	takeSeat struct {
		take       uint32
		address    messages.Address
		connection *ConnectionRef
		mode       takeMode
		began      Instant       // when the sweep began: a reply since then means "reached"
		timeout    time.Duration // for this server; not for a mode that repeats
	}
	// leave tells all connections what is no longer wanted: takes up to the number upTo, and every lease but the one from
	// the take held at keep.
	release struct {
		except *ConnectionRef
		held   uint32
		upTo   uint32
		origin *ConnectionRef // of a checkin: the connection that answers call
		reply  *Reply
	}
	// beatNow makes the origin's connection beat for the application.
	beatNow struct {
		connection *ConnectionRef
		reply      *Reply
	}
	// gaveUp tells the runtime that no server was reached.
	gaveUp struct {
		Message
		connection *ConnectionRef
		feature    string
		failed     int
		cause      string
	}
)

func (publish) IsEffect()  {}
func (ready) IsEffect()    {}
func (queued) IsEffect()   {}
func (end) IsEffect()      {}
func (takeSeat) IsEffect() {}
func (release) IsEffect()  {}
func (beatNow) IsEffect()  {}
func (*gaveUp) IsEffect()  {}

// promise is a call of the application that waits for an answer. It is answered at most once that counts; answering never
// blocks, whether the caller still waits or not.
type Reply struct {
	answered chan error
	partial  atomic.Pointer[messages.CheckoutError] // of a first checkout that waits in line: why; nil otherwise
}

func NewReply() *Reply { return &Reply{answered: make(chan error, 1)} }

// cutShort returns the error of a first checkout whose caller leaves for a cause.
func (c *Reply) cancelled(cause error) error {
	soFar := c.partial.Load()
	if soFar == nil {
		return cause
	}
	return &messages.CheckoutError{Checkout: soFar.Checkout, Answers: soFar.Answers, Cause: cause}
}

func (c *Reply) answer(err error) {
	if c == nil {
		return
	}
	select {
	case c.answered <- err:
	default:
	}
}
