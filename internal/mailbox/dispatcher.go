package mailbox

import (
	"runtime"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/internal/fifo"
)

// messagesPerTurn is how many messages an actor handles before it goes to the end of the dispatcher's queue: few enough
// that a busy actor does not hold up the others, and so many that the queue costs little beside the messages.
const messagesPerTurn = 100

// Dispatcher runs the turns of mailboxes on a few goroutines, its workers. protoactor's own starts a goroutine for each
// mailbox that has work: a million of them when a server with a million features is lost.
//
// The queue needs no bound: a mailbox schedules itself at most once until it has run, so that there are never more entries
// than actors. A worker ends when the queue is empty, so that an idle runtime has no goroutine.
//
// A scheduled function that panics ends the process, as it would with protoactor's own dispatcher. The mailbox hands each
// panic of an actor to the actor's supervisor. So a panic that reaches the dispatcher is a defect of the mailbox
// itself: an actor would be dead and its supervisor would not know.
type Dispatcher struct {
	limit int // the most workers

	mu      sync.Mutex // guards the fields below
	queue   fifo.Queue[turn]
	workers int
	idle    sync.Cond // on mu; signalled when no worker is left
}

var _ actor.Dispatcher = (*Dispatcher)(nil)

// turn is what a worker runs. It is mostly a mailbox, a pointer, which costs no allocation; as a method value it would
// cost 16 bytes for each message to an idle actor.
type turn interface{ takeTurn() }

type function func()

func (f function) takeTurn() { f() }

// NewDispatcher returns a dispatcher of at most limit workers. 0 means GOMAXPROCS, at least 2, so that one actor that
// computes for long does not stop all others.
func NewDispatcher(limit int) *Dispatcher {
	if limit <= 0 {
		limit = max(2, runtime.GOMAXPROCS(0))
	}
	d := &Dispatcher{limit: limit}
	d.idle.L = &d.mu
	return d
}

// LongTurns returns a dispatcher of the same goroutines for the few actors that all others send to. Such an actor may
// handle this many messages in one turn, so that the answers of all others to one burst do not pile up.
func (d *Dispatcher) LongTurns(messages int) actor.Dispatcher { return longTurns{d, messages} }

type longTurns struct {
	*Dispatcher
	messages int
}

// Throughput returns how many messages such an actor may handle in one turn.
func (t longTurns) Throughput() int { return t.messages }

// Throughput returns how many messages a mailbox may handle in one turn.
func (d *Dispatcher) Throughput() int { return messagesPerTurn }

// Schedule runs fn on one of the workers. Functions start in the order of Schedule. Schedule does not block.
func (d *Dispatcher) Schedule(fn func()) { d.schedule(function(fn)) }

func (d *Dispatcher) schedule(t turn) {
	d.mu.Lock()
	d.queue.Push(t)
	start := d.workers < d.limit
	if start {
		d.workers++
	}
	d.mu.Unlock()
	if start {
		go d.work()
	}
}

// work runs turns until the queue is empty.
func (d *Dispatcher) work() {
	finished := false
	defer func() {
		if !finished {
			go d.work() // the turn called runtime.Goexit: another goroutine takes this worker's place
		}
	}()
	for t, ok := d.next(); ok; t, ok = d.next() {
		t.takeTurn()
	}
	finished = true
}

// next returns the next turn. When there is none, it returns false and the worker that called counts as ended.
func (d *Dispatcher) next() (t turn, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t, ok = d.queue.Pop(); !ok {
		if d.workers--; d.workers == 0 {
			d.idle.Broadcast()
		}
	}
	return t, ok
}

// Wait blocks until nothing is queued or running. A scheduled function must not call it.
func (d *Dispatcher) Wait() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.workers > 0 {
		d.idle.Wait()
	}
}
