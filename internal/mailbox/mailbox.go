// Package mailbox has the mailboxes and the dispatcher of the actors. protoactor's own would cost a million features 312
// bytes each in idle mailboxes, and a goroutine each when a server with all of them is lost.
package mailbox

import (
	"errors"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// errGoexit is why an actor failed whose code called runtime.Goexit.
var errGoexit = errors.New("actor called runtime.Goexit")

// mailbox is an unbounded actor.Mailbox. An empty mailbox has 64 bytes, where protoactor's own has 376, and the memory of
// a flood is freed after it. User messages are handled in the order in which they were posted; system messages overtake
// them. The mailbox of a failed actor is suspended, as protoactor expects: it keeps its user messages, and handles system
// messages only, until the supervisor has resumed or restarted the actor.
//
// Unlike protoactor's own, the mailbox gives other actors a turn after a while, accepts messages before the actor that is
// being spawned is ready, and treats runtime.Goexit as a failure. It does not unpack an actor.MessageBatch.
type mailbox struct {
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher

	mu        sync.Mutex // guards the fields below
	system    letters
	user      letters
	waiting   int32 // user messages
	scheduled bool  // a turn is scheduled or being taken
	suspended bool
}

// New returns an empty mailbox. It is an actor.MailboxProducer.
func New() actor.Mailbox { return new(mailbox) }

// RegisterHandlers sets the actor that handles the messages, and the dispatcher that runs the turns. protoactor calls it
// once and posts Started next. The actor's name is known before that, so that messages may have arrived already; they wait
// for Started.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start does nothing: the system message Started, which protoactor has posted, starts the actor.
func (m *mailbox) Start() {}

// UserMessageCount returns how many user messages wait.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(m.waiting)
}

// PostUserMessage appends a message. It does not block and is safe for concurrent use.
func (m *mailbox) PostUserMessage(message any) {
	l := &letter{message: message}
	m.mu.Lock()
	m.user.push(l)
	m.waiting++
	start := m.claimTurn()
	m.mu.Unlock()
	if start {
		m.scheduleTurn()
	}
}

// PostSystemMessage appends a message that overtakes all user messages. It does not block and is safe for concurrent use.
func (m *mailbox) PostSystemMessage(message any) {
	l := &letter{message: message}
	m.mu.Lock()
	m.system.push(l)
	start := m.claimTurn()
	m.mu.Unlock()
	if start {
		m.scheduleTurn()
	}
}

// claimTurn reports whether the caller has to schedule a turn. The caller holds the lock, and schedules after unlocking.
func (m *mailbox) claimTurn() bool {
	if m.scheduled || m.dispatcher == nil {
		return false
	}
	m.scheduled = true
	return true
}

// scheduleTurn is called without the lock, since a dispatcher may run the turn at once.
func (m *mailbox) scheduleTurn() {
	if own, ok := m.dispatcher.(interface{ schedule(turn) }); ok {
		own.schedule(m)
		return
	}
	m.dispatcher.Schedule(m.takeTurn)
}

// takeTurn handles messages until none is left or it is the turn of other actors.
func (m *mailbox) takeTurn() {
	for range max(1, m.dispatcher.Throughput()) {
		message, system, ok := m.next()
		if !ok {
			return
		}
		m.handle(message, system)
	}
	m.scheduleTurn()
}

// next returns the message to be handled now. It returns false when there is none, and the turn is over.
func (m *mailbox) next() (message any, system, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.system.empty() {
		switch message := m.system.pop().(type) {
		case *actor.SuspendMailbox:
			m.suspended = true
		case *actor.ResumeMailbox:
			m.suspended = false
		default:
			return message, true, true
		}
	}
	if m.suspended || m.user.empty() {
		m.scheduled = false
		return nil, false, false
	}
	m.waiting--
	return m.user.pop(), false, true
}

// handle makes the actor handle one message. When the actor fails, its supervisor is informed and the message is lost.
func (m *mailbox) handle(message any, system bool) {
	handled := false
	defer func() {
		if handled {
			return
		}
		reason := recover()
		if reason != nil {
			m.invoker.EscalateFailure(reason, message)
			return
		}
		m.invoker.EscalateFailure(errGoexit, message)
		m.scheduleTurn() // this goroutine ends here, so that the turn goes on in another one
	}()
	if system {
		m.invoker.InvokeSystemMessage(message)
	} else {
		m.invoker.InvokeUserMessage(message)
	}
	handled = true
}

// letters is a queue of messages: a ring, of which the queue knows the last letter and the last letter knows the first. An
// empty queue is one pointer, and each message takes 24 bytes while it waits. (A pool of letters was not faster.)
type letters struct{ last *letter }

type letter struct {
	message any
	next    *letter // the last letter points to the first
}

func (q *letters) empty() bool { return q.last == nil }

func (q *letters) push(l *letter) {
	if q.last == nil {
		l.next = l
	} else {
		l.next, q.last.next = q.last.next, l
	}
	q.last = l
}

// pop takes the first message of a queue that is not empty.
func (q *letters) pop() any {
	first := q.last.next
	if first == q.last {
		q.last = nil
	} else {
		q.last.next = first.next
	}
	return first.message
}
