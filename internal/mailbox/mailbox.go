package mailbox

import (
	"errors"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// errGoexit is the reason of a failure when an actor's code called runtime.Goexit.
var errGoexit = errors.New("actor called runtime.Goexit")

// mailbox is an unbounded actor.Mailbox that is small while it is empty, 64 bytes where protoactor's own has 376, and
// gives back what a flood took. User messages are handled in the order in which they were posted; system messages
// overtake them. A failed actor's mailbox is suspended, as protoactor wants it: it keeps its messages and handles none
// but the system's until the supervisor has resumed or restarted the actor.
//
// Unlike protoactor's own it gives other actors a turn after a while, takes messages already before the actor that is
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

// New is an actor.MailboxProducer.
func New() actor.Mailbox { return new(mailbox) }

// RegisterHandlers says whom the messages are for and where to take turns. protoactor calls it once and posts Started
// next. An actor's name is known before that, so that messages may be here already; they wait for Started.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start does nothing: the system message Started, posted by protoactor before, is what starts the actor.
func (m *mailbox) Start() {}

// UserMessageCount returns the number of user messages that wait.
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

// claimTurn reports whether the caller, who holds the lock, has to schedule a turn after it has let go of the lock.
func (m *mailbox) claimTurn() bool {
	if m.scheduled || m.dispatcher == nil {
		return false
	}
	m.scheduled = true
	return true
}

// scheduleTurn is called without the lock: a dispatcher may take the turn at once.
func (m *mailbox) scheduleTurn() {
	if own, ok := m.dispatcher.(interface{ schedule(turn) }); ok {
		own.schedule(m)
		return
	}
	m.dispatcher.Schedule(m.takeTurn)
}

// takeTurn handles messages until none is left or others should have their turn.
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

// next takes the message to be handled now. When there is none, the turn is over.
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

// handle has the actor handle one message and tells its supervisor if it fails. The failing message is lost.
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
		m.scheduleTurn() // this goroutine ends here: the turn goes on in another
	}()
	if system {
		m.invoker.InvokeSystemMessage(message)
	} else {
		m.invoker.InvokeUserMessage(message)
	}
	handled = true
}

// letters is a queue of messages. It is a ring of which only the last letter is known, and that one knows the first:
// an empty queue is one pointer, and each message takes 24 bytes just as long as it waits. (To pool the letters made
// nothing faster.)
type letters struct{ last *letter }

type letter struct {
	message any
	next    *letter // of the last letter: the first
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
