package mailbox

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// heldTurns is a dispatcher that takes turns only when the test says so, on the test's goroutine.
type heldTurns struct{ turns []func() }

func (h *heldTurns) Schedule(turn func()) { h.turns = append(h.turns, turn) }
func (h *heldTurns) Throughput() int      { return 3 }

func (h *heldTurns) takeAll() {
	for len(h.turns) > 0 {
		turn := h.turns[0]
		h.turns = h.turns[1:]
		turn()
	}
}

// recorder is the actor behind a mailbox: it notes what it is given, and fails where the message says so.
type recorder struct {
	mailbox actor.Mailbox
	log     []string
}

// say is a message that the recorder answers by posting others; call is one that makes it call a function.
type (
	say  []any
	call func()
)

func (r *recorder) InvokeUserMessage(message any) {
	r.note("user", message)
	switch m := message.(type) {
	case say:
		r.post(m...)
	case call:
		m()
	case error:
		panic(m)
	}
}

func (r *recorder) InvokeSystemMessage(message any) {
	r.note("system", message)
	if err, ok := message.(systemMessage).of.(error); ok {
		panic(err)
	}
}

// EscalateFailure suspends the mailbox, as protoactor's actor context does.
func (r *recorder) EscalateFailure(reason, message any) {
	r.log = append(r.log, fmt.Sprintf("failed %v: %v", message, reason))
	r.mailbox.PostSystemMessage(&actor.SuspendMailbox{})
}

func (r *recorder) note(kind string, message any) {
	if _, isFunc := message.(call); isFunc {
		message = "call"
	}
	r.log = append(r.log, fmt.Sprintf("%s %v", kind, message))
}

// systemMessage makes post take its content for a system message.
type systemMessage struct{ of any }

func (s systemMessage) String() string { return fmt.Sprint(s.of) }

var (
	suspend = &actor.SuspendMailbox{}
	resume  = &actor.ResumeMailbox{}
)

func (r *recorder) post(messages ...any) {
	for _, message := range messages {
		switch message.(type) {
		case systemMessage, *actor.SuspendMailbox, *actor.ResumeMailbox:
			r.mailbox.PostSystemMessage(message)
		default:
			r.mailbox.PostUserMessage(message)
		}
	}
}

func newRecorder(newMailbox actor.MailboxProducer) (*recorder, *heldTurns) {
	turns := &heldTurns{}
	r := &recorder{mailbox: newMailbox()}
	r.mailbox.RegisterHandlers(r, turns)
	r.mailbox.Start()
	return r, turns
}

func TestMailboxConversations(t *testing.T) {
	boom := fmt.Errorf("boom")
	for name, c := range map[string]struct{ post, want []any }{
		"handles user messages in the order of posting": {
			[]any{"a", "b", "c", "d", "e"}, []any{"user a", "user b", "user c", "user d", "user e"},
		},
		"lets system messages overtake": {
			[]any{"a", "b", systemMessage{"s"}, systemMessage{"t"}}, []any{"system s", "system t", "user a", "user b"},
		},
		"lets a system message overtake between two user messages": {
			[]any{say{systemMessage{"s"}}, "b"}, []any{"user [s]", "system s", "user b"},
		},
		"handles only system messages while it is suspended": {
			[]any{suspend, "a", systemMessage{"s"}, "b"}, []any{"system s"},
		},
		"keeps its messages until it is resumed": {
			[]any{suspend, "a", "b", resume, "c"}, []any{"user a", "user b", "user c"},
		},
		"reports a failure with its message and is suspended": {
			[]any{"a", boom, "b"}, []any{"user a", "user boom", "failed boom: boom"},
		},
		"goes on behind the failing message when it is resumed": {
			[]any{boom, "b", resume}, []any{"user boom", "failed boom: boom"},
		},
		"reports the failure of a system message": {
			[]any{systemMessage{boom}, systemMessage{"s"}, "a"}, []any{"system boom", "failed boom: boom", "system s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, turns := newRecorder(New)
			r.post(c.post...)
			turns.takeAll()
			var got []any
			for _, line := range r.log {
				got = append(got, line)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestMailboxTreatsGoexitAsAFailureAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{mailbox: New()}
		r.mailbox.RegisterHandlers(r, NewDispatcher(1))
		r.post(call(runtime.Goexit), "b")
		synctest.Wait()
		r.post(resume)
		synctest.Wait()
		require.Len(t, r.log, 3)
		assert.Contains(t, r.log[1], errGoexit.Error())
		assert.Equal(t, "user b", r.log[2])
	})
}

// Whatever is posted and whenever turns are taken: the actor is given the same as from protoactor's own mailbox.
func TestMailboxDoesWhatProtoactorsOwnDoes(t *testing.T) {
	kinds := []any{"user", "user", systemMessage{"system"}, suspend, resume, fmt.Errorf("boom"), systemMessage{fmt.Errorf("boom")}, "turn", "turn"}
	rapid.Check(t, func(t *rapid.T) {
		ours, ourTurns := newRecorder(New)
		theirs, theirTurns := newRecorder(actor.Unbounded())
		for _, kind := range rapid.SliceOf(rapid.IntRange(0, len(kinds)-1)).Draw(t, "kinds") {
			if kinds[kind] == "turn" {
				ourTurns.takeAll()
				theirTurns.takeAll()
				continue
			}
			ours.post(kinds[kind])
			theirs.post(kinds[kind])
			require.Equal(t, theirs.mailbox.UserMessageCount(), ours.mailbox.UserMessageCount())
		}
		ourTurns.takeAll()
		theirTurns.takeAll()
		require.Equal(t, theirs.log, ours.log)
	})
}

func TestMailboxSchedulesItselfOnce(t *testing.T) {
	r, turns := newRecorder(New)
	r.post("a", "b", systemMessage{"s"})
	assert.Len(t, turns.turns, 1)
}

func TestMailboxGivesOthersATurn(t *testing.T) {
	r, turns := newRecorder(New)
	r.post("a", "b", "c", "d")
	turns.turns[0]()
	assert.Len(t, r.log, turns.Throughput(), "messages of one turn")
	assert.Len(t, turns.turns, 2, "and it asked for another turn")
}

func TestMailboxTakesMessagesBeforeItsActorIsReady(t *testing.T) {
	r, turns := &recorder{mailbox: New()}, &heldTurns{}
	r.post("early")
	r.mailbox.RegisterHandlers(r, turns)
	r.post(systemMessage{"started"})
	turns.takeAll()
	assert.Equal(t, []string{"system started", "user early"}, r.log)
}

func TestMailboxIsSmallWhenIdle(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(mailbox{}), uintptr(64))
}

func TestMailboxCountsWaitingUserMessages(t *testing.T) {
	r, turns := newRecorder(New)
	r.post("a", systemMessage{"s"}, "b")
	assert.Equal(t, 2, r.mailbox.UserMessageCount())
	turns.takeAll()
	assert.Zero(t, r.mailbox.UserMessageCount())
}

// inbox is an actor behind a mailbox that counts, and checks the order of each sender.
type inbox struct {
	t    *testing.T
	done sync.WaitGroup
	last map[int]int // sender to its last number
}

type numbered struct{ sender, number int }

func (i *inbox) InvokeUserMessage(message any) {
	n := message.(numbered)
	assert.Equal(i.t, i.last[n.sender]+1, n.number, "the order of one sender")
	i.last[n.sender] = n.number
	i.done.Done()
}

func (*inbox) InvokeSystemMessage(any)  {}
func (*inbox) EscalateFailure(any, any) {}

func TestMailboxKeepsTheOrderOfEachOfManySenders(t *testing.T) {
	defer goleak.VerifyNone(t)
	const senders, each = 8, 10_000
	in := &inbox{t: t, last: map[int]int{}}
	m := New()
	m.RegisterHandlers(in, NewDispatcher(0))
	in.done.Add(senders * each)
	for sender := range senders {
		go func() {
			for number := range each {
				m.PostUserMessage(numbered{sender, number + 1})
				m.PostSystemMessage("overtakes")
			}
		}()
	}
	in.done.Wait()
}
