package connection

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// debt is a request whose seats are to be given back, whether it was granted or only may have been.
type debt struct {
	claim   uint64 // ID of the checkout it was for
	request messages.RequestID
	since   protocol.Instant
	queued  bool // it is in the queue
	flying  bool // a batch with it is under way
	settled bool // nothing is owed any more; what still refers to it skips it
}

// debtBook holds what the server is owed, in the order in which it came (rules 13 and 14), and what else outlives a
// take: the calls of the application that wait for one, and how long the server asked a feature to wait.
type debtBook struct {
	of      map[uint64][]*debt // by claim ID
	queue   []*debt            // to be sent
	order   []*debt            // all, oldest first; those that are settled are skipped
	count   int
	batches map[uint64]*returnBatch
	calls   map[uint64][]*protocol.Reply // checkins that wait until a claim owes nothing
	waiting map[uint64]*protocol.Reply   // heartbeats that wait for the next take of a claim
	waits   map[uint64]protocol.Instant  // a claim's retry-after
}

// returnBatch is one Checkin call under way.
type returnBatch struct {
	debts   []*debt
	life    uint64
	session transport.Session
}

func newDebtBook() debtBook {
	return debtBook{
		of: make(map[uint64][]*debt), batches: make(map[uint64]*returnBatch),
		calls: make(map[uint64][]*protocol.Reply), waiting: make(map[uint64]*protocol.Reply), waits: make(map[uint64]protocol.Instant),
	}
}

func (b *debtBook) empty() bool { return b.count == 0 }

// owe enters a request; a zero one, or one that is owed already, changes nothing.
func (b *debtBook) owe(now protocol.Instant, claim uint64, request messages.RequestID) {
	if request == (messages.RequestID{}) || slices.ContainsFunc(b.of[claim], func(d *debt) bool { return d.request == request }) {
		return
	}
	d := &debt{claim: claim, request: request, since: now}
	b.of[claim] = append(b.of[claim], d)
	b.enqueue(d)
	b.order = append(b.order, d)
	b.count++
}

// enqueue lets debts be sent, each once.
func (b *debtBook) enqueue(debts ...*debt) {
	for _, d := range debts {
		if !d.queued {
			d.queued = true
			b.queue = append(b.queue, d)
		}
	}
}

// requests returns what a claim owes.
func (b *debtBook) requests(claim uint64) []messages.RequestID {
	var requests []messages.RequestID
	for _, d := range b.of[claim] {
		requests = append(requests, d.request)
	}
	return requests
}

// settled strikes out requests of a claim: returned, or replaced by a grant.
func (b *debtBook) settled(claim uint64, requests []messages.RequestID) {
	for _, r := range requests {
		if i := slices.IndexFunc(b.of[claim], func(d *debt) bool { return d.request == r }); i >= 0 {
			b.strike(b.of[claim][i])
		}
	}
}

// strike removes a debt. The last one of a claim answers the checkins that wait for it.
func (b *debtBook) strike(d *debt) {
	if d.settled {
		return
	}
	d.settled = true
	b.count--
	list := b.of[d.claim]
	if b.of[d.claim] = slices.DeleteFunc(list, func(o *debt) bool { return o == d }); len(b.of[d.claim]) > 0 {
		return
	}
	delete(b.of, d.claim)
	b.answer(d.claim)
	if b.count == 0 {
		b.queue, b.order = nil, nil
	}
}

// wait lets a checkin wait until the claim owes nothing.
func (b *debtBook) wait(claim uint64, c *protocol.Reply) {
	if c == nil {
		return
	}
	if len(b.of[claim]) == 0 {
		c.Answer(nil)
		return
	}
	b.calls[claim] = append(b.calls[claim], c)
}

// answer lets the checkins of a claim go on: nothing is owed, or the server is not there to be waited for (rule 19).
func (b *debtBook) answer(claim uint64) {
	for _, c := range b.calls[claim] {
		c.Answer(nil)
	}
	delete(b.calls, claim)
}

// answerAll does so for every claim.
func (b *debtBook) answerAll() {
	for claim := range b.calls {
		b.answer(claim)
	}
}

// takeCall returns the heartbeat call that waits for the claim's next take, once.
func (b *debtBook) takeCall(claim uint64) *protocol.Reply {
	c := b.waiting[claim]
	delete(b.waiting, claim)
	return c
}

// pop returns up to n debts to send. Those that a take is about to replace are left to it; when it comes to nothing they
// are to be enqueued.
func (b *debtBook) pop(n int, replaced func(*debt) bool) []*debt {
	var debts []*debt
	for len(b.queue) > 0 && len(debts) < n {
		d := b.queue[0]
		b.queue = b.queue[1:]
		d.queued = false
		if !d.flying && !d.settled && !replaced(d) {
			debts = append(debts, d)
		}
	}
	return debts
}

// forget drops what has been owed for the client timeout: the server has freed it by itself. What a feature owes that asks
// for seats again is kept for as long again: the server may have restarted, and its leases are new then.
func (b *debtBook) forget(now protocol.Instant, timeout time.Duration, asks func(claim uint64) bool) {
	for len(b.order) > 0 {
		d := b.order[0]
		switch {
		case d.settled:
			b.order = b.order[1:]
		case timeout <= 0 || now.Before(d.since.After(timeout)):
			return
		case len(b.of[d.claim]) <= transport.MaxReplaces && asks(d.claim):
			d.since = now
			b.order = append(b.order[1:], d)
		default:
			b.strike(d) // it may have emptied the list
		}
	}
}

// next returns when the oldest debt is to be forgotten.
func (b *debtBook) next(timeout time.Duration) protocol.Instant {
	for len(b.order) > 0 && b.order[0].settled {
		b.order = b.order[1:]
	}
	if len(b.order) == 0 || timeout <= 0 {
		return protocol.Instant{}
	}
	return b.order[0].since.After(timeout)
}
