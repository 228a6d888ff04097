package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// queues are the takes that wait for seats, one queue for each pool. Only the first waiter of a queue is granted, when
// all its seats are free. Until then later waiters wait and new takes without a Wait are refused, even if they need
// fewer seats, so that no take starves.
//
// A take that needs no additional seats skips the queue: it replaces at least as many as it takes, or its share group
// already holds them, even if the group got them while the take was waiting.
//
// Queues are not in the ledger. After a restart clients repeat their requests and wait anew.
type queues struct {
	allocator *Allocator
	waiters   map[requestKey]*waiter
	dirty     []uint32       // pools whose queue is to be served
	decided   []*BlockedCall // answered when the ledger has the decisions
}

func newQueues(a *Allocator) queues {
	return queues{allocator: a, waiters: make(map[requestKey]*waiter)}
}

// of returns the waiter of a client's request, nil if there is none.
func (qs *queues) of(c *Client, request messages.RequestID) *waiter {
	return qs.waiters[requestKey{c.index, request}]
}

// reattach attaches a repeated call to the waiter of its request. It refuses when the request was used for another
// feature or number of seats, and when waiting has become pointless.
func (qs *queues) reattach(w *waiter, t Take, call *BlockedCall, now time.Duration) (o Outcome, waits bool) {
	policy := qs.allocator.policy
	d := policy.about(w.client, t)
	if w.take.Feature != t.Feature || w.take.Count != t.Count {
		d = d.refused(messages.Malformed, usedForOthers)
	} else if pointless := policy.servable(w.client, w.take); pointless.Result == Refused {
		qs.leave(w, Outcome{}, ErrOvertaken)
		d = d.answered(pointless.Outcome)
	}
	if d.Result == Refused {
		qs.allocator.publish(&d)
		return d.Outcome, false
	}
	qs.answer(w, Outcome{}, ErrOvertaken)
	w.attach(call)
	qs.serveSharer(w, now)
	qs.markDirty(w.pool)
	return Outcome{}, true
}

// join puts a take, which was refused for want of seats, at the end of the queue of its pool.
func (qs *queues) join(d decision, call *BlockedCall) {
	w := &waiter{client: d.client, take: d.take, pool: d.index, call: call}
	d.pool.queue.push(w)
	qs.waiters[requestKey{d.client.index, d.take.Request}] = w
	d.client.addWaiting(+1)
}

// abandon removes a waiter, if there is one, whose client does not want the seats any longer: its take is denied. A call
// that is blocked on it gets this outcome.
func (qs *queues) abandon(w *waiter, o Outcome) {
	if w == nil {
		return
	}
	if o.Reason != messages.Replaced { // a take that replaces the waiter is itself counted and audited
		d := qs.allocator.policy.about(w.client, w.take).refused(messages.NoSeats, "left the queue")
		qs.allocator.publish(&d)
	}
	qs.leave(w, o, nil)
}

// leave removes a waiter, if there is one. A call that is blocked on it gets this outcome or error.
func (qs *queues) leave(w *waiter, o Outcome, err error) {
	if w == nil {
		return
	}
	qs.answer(w, o, err)
	qs.allocator.pools.all[w.pool].queue.remove(w)
	delete(qs.waiters, requestKey{w.client.index, w.take.Request})
	w.client.addWaiting(-1)
	qs.markDirty(w.pool)
}

// answer decides the call that is blocked on a waiter, if any.
func (qs *queues) answer(w *waiter, o Outcome, err error) {
	if call := w.detach(); call != nil {
		call.decide(o, err)
		qs.decided = append(qs.decided, call)
	}
}

// size returns how many waiters, takes counted for clients, unanswered calls and queues to be served there are.
func (qs *queues) size() int {
	n := len(qs.waiters) + len(qs.dirty) + len(qs.decided)
	for _, p := range qs.allocator.pools.all {
		n += p.queue.len()
	}
	return n + qs.allocator.clients.waiting()
}

// answerCalls answers the calls that were decided. Call it after the ledger has the decisions.
func (qs *queues) answerCalls() {
	for _, call := range qs.decided {
		call.answer()
	}
	clear(qs.decided)
	qs.decided = qs.decided[:0]
}

// markDirty marks the queue of a pool to be served: seats were returned, or another waiter is the first.
func (qs *queues) markDirty(index uint32) {
	if qs.allocator.pools.all[index].queue.markDirty() {
		qs.dirty = append(qs.dirty, index)
	}
}

// markAllDirty marks all queues to be served.
func (qs *queues) markAllDirty() {
	for index := range qs.allocator.pools.all {
		qs.markDirty(uint32(index))
	}
}

// serve decides about the first waiters of dirty queues, up to limit of them, and reports whether there may be more.
func (qs *queues) serve(now time.Duration, limit int) (more bool) {
	for len(qs.dirty) > 0 {
		last := len(qs.dirty) - 1
		index := qs.dirty[last]
		qs.dirty = qs.dirty[:last]
		p := qs.allocator.pools.all[index]
		p.queue.markServed()
		if limit -= qs.serveQueue(p, now, limit); limit <= 0 {
			qs.markDirty(index)
			return true
		}
	}
	return false
}

// serveQueue decides up to limit waiters of a queue and returns how many it decided: first the waiters in order, then
// the waiters whose share group has got the seats that they need.
func (qs *queues) serveQueue(p *pool, now time.Duration, limit int) (n int) {
	for n < limit && qs.serveFirst(p, now) {
		n++
	}
	if !p.queue.review {
		return n
	}
	for w := range p.queue.all {
		if n >= limit {
			return n
		}
		if qs.serveSharer(w, now) {
			n++
		}
	}
	p.queue.reviewed()
	return n
}

// serveFirst decides the first waiter of a queue and reports true, or reports false. It decides nothing while the seats
// are not free or no call is blocked on the waiter.
func (qs *queues) serveFirst(p *pool, now time.Duration) bool {
	w := p.queue.first()
	if w == nil {
		return false
	}
	if qs.noteHangUp(w, now); w.call == nil {
		return false
	}
	policy := qs.allocator.policy
	d := policy.servable(w.client, w.take)
	if d.Result != Refused {
		if d = policy.decide(w.client, w.take, true); d.Reason == messages.NoSeats {
			return false
		}
	}
	qs.allocator.carryOut(&d, now)
	qs.leave(w, d.Outcome, nil)
	return true
}

// serveSharer grants a waiter that needs no additional seats and reports true, or reports false.
func (qs *queues) serveSharer(w *waiter, now time.Duration) bool {
	a := qs.allocator
	if !a.pools.groups.holds(a.pools.group(w.pool, w.client)) {
		return false
	}
	if qs.noteHangUp(w, now); w.call == nil || a.policy.servable(w.client, w.take).Result == Refused {
		return false
	}
	d := a.policy.decide(w.client, w.take, false)
	if d.Result != Granted {
		return false
	}
	a.carryOut(&d, now)
	qs.leave(w, d.Outcome, nil)
	return true
}

// noteHangUp notices when the call that is blocked on a waiter has ended. The waiter keeps its position for a while.
func (qs *queues) noteHangUp(w *waiter, now time.Duration) {
	if w.call == nil {
		return
	}
	if err := w.call.over(w.client); err != nil {
		qs.answer(w, Outcome{}, err)
		w.detached(now)
	}
}

// expire removes the waiters whose clients did not repeat their requests.
func (qs *queues) expire(now time.Duration) {
	for _, w := range qs.waiters {
		if qs.noteHangUp(w, now); w.expired(now, qs.allocator.cfg.KeepWaiter) {
			qs.abandon(w, Outcome{})
		}
	}
}
