package connection

import (
	"maps"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// pendingReturn is a request whose seats are to be returned, whether it was granted or only may have been.
type pendingReturn struct {
	claim    uint64 // ID of the checkout that the request was for
	request  messages.RequestID
	since    protocol.Instant
	queued   bool // it is in the queue
	inFlight bool // a batch with it is under way
	done     bool // returned, replaced or expired; queue and order skip it
	local    bool // the seats are of a local licence: no server frees them by itself, so that it never expires
}

func (r *pendingReturn) queue(in bool)                  { r.queued = in }
func (r *pendingReturn) begin()                         { r.inFlight = true }
func (r *pendingReturn) land()                          { r.inFlight = false }
func (r *pendingReturn) beLocal()                       { r.local = true }
func (r *pendingReturn) finish()                        { r.done = true }
func (r *pendingReturn) startAgain(at protocol.Instant) { r.since = at }

// pendingReturns holds the requests whose seats this server is owed, in the order in which they came (rules 13 and 14),
// and the checkins that wait for them.
type pendingReturns struct {
	of         map[uint64][]*pendingReturn // by claim ID
	queue      []*pendingReturn            // to be sent
	order      []*pendingReturn            // all, oldest first; those that are done are skipped
	count      int
	batches    map[uint64]*returnBatch
	onReturned map[uint64][]*protocol.Reply // by claim ID: checkins that wait until the claim has nothing to return
}

// returnBatch is one Checkin call under way.
type returnBatch struct {
	call
	returns []*pendingReturn
}

func newPendingReturns() pendingReturns {
	return pendingReturns{
		of: make(map[uint64][]*pendingReturn), batches: make(map[uint64]*returnBatch),
		onReturned: make(map[uint64][]*protocol.Reply),
	}
}

func (p *pendingReturns) empty() bool { return p.count == 0 }

// add enters a request. A zero request, or a request that is pending already, changes nothing.
func (p *pendingReturns) add(now protocol.Instant, claim uint64, request messages.RequestID) {
	if request == (messages.RequestID{}) || slices.ContainsFunc(p.of[claim], func(r *pendingReturn) bool { return r.request == request }) {
		return
	}
	r := &pendingReturn{claim: claim, request: request, since: now}
	p.of[claim] = append(p.of[claim], r)
	p.enqueue(r)
	p.order = append(p.order, r)
	p.count++
}

// addLocal enters a request whose seats are of a local licence.
func (p *pendingReturns) addLocal(now protocol.Instant, claim uint64, request messages.RequestID) {
	p.add(now, claim, request)
	for _, r := range p.of[claim] {
		if r.request == request {
			r.beLocal()
		}
	}
}

// enqueue lets returns be sent, each once.
func (p *pendingReturns) enqueue(returns ...*pendingReturn) {
	for _, r := range returns {
		if !r.queued {
			r.queue(true)
			p.queue = append(p.queue, r)
		}
	}
}

// enqueueClaim lets everything be sent that a claim has to return.
func (p *pendingReturns) enqueueClaim(claim uint64) { p.enqueue(p.of[claim]...) }

// requests returns the requests that a claim has to return.
func (p *pendingReturns) requests(claim uint64) []messages.RequestID {
	var requests []messages.RequestID
	for _, r := range p.of[claim] {
		requests = append(requests, r.request)
	}
	return requests
}

// all returns everything that is pending, oldest first.
func (p *pendingReturns) all() []*pendingReturn {
	var all []*pendingReturn
	for _, r := range p.order {
		if !r.done {
			all = append(all, r)
		}
	}
	return all
}

// replaced ends the returns of a claim whose requests a grant replaced.
func (p *pendingReturns) replaced(claim uint64, requests []messages.RequestID) {
	for _, request := range requests {
		if i := slices.IndexFunc(p.of[claim], func(r *pendingReturn) bool { return r.request == request }); i >= 0 {
			p.done(p.of[claim][i])
		}
	}
}

// done ends a return. The last one of a claim answers the checkins that wait for it.
func (p *pendingReturns) done(r *pendingReturn) {
	if r.done {
		return
	}
	r.finish()
	p.count--
	list := p.of[r.claim]
	if p.of[r.claim] = slices.DeleteFunc(list, func(o *pendingReturn) bool { return o == r }); len(p.of[r.claim]) > 0 {
		return
	}
	delete(p.of, r.claim)
	p.answer(r.claim)
	if p.count == 0 {
		p.queue, p.order = nil, nil
	}
}

// wait lets a checkin wait until the claim has nothing to return.
func (p *pendingReturns) wait(claim uint64, checkin *protocol.Reply) {
	if checkin == nil {
		return
	}
	if len(p.of[claim]) == 0 {
		checkin.Answer(nil)
		return
	}
	p.onReturned[claim] = append(p.onReturned[claim], checkin)
}

// answer lets the checkins of a claim go on: nothing is to be returned, or the server cannot be waited for (rule 19).
func (p *pendingReturns) answer(claim uint64) {
	for _, checkin := range p.onReturned[claim] {
		checkin.Answer(nil)
	}
	delete(p.onReturned, claim)
}

// answerAll answers the checkins of every claim.
func (p *pendingReturns) answerAll() {
	for claim := range p.onReturned {
		p.answer(claim)
	}
}

// next returns what the next batch gives back to the server; nothing while maxBatches batches are under way.
func (p *pendingReturns) next(n int, replaced func(*pendingReturn) bool) []*pendingReturn {
	if p.underWay() >= maxBatches {
		return nil
	}
	return p.pop(n, replaced)
}

// pop returns up to n returns to send. Those that a take is about to replace are left to the take; when the take comes to
// nothing, they are to be enqueued.
func (p *pendingReturns) pop(n int, replaced func(*pendingReturn) bool) []*pendingReturn {
	var returns []*pendingReturn
	for len(p.queue) > 0 && len(returns) < n {
		r := p.queue[0]
		p.queue = p.queue[1:]
		r.queue(false)
		if !r.inFlight && !r.done && !replaced(r) {
			returns = append(returns, r)
		}
	}
	return returns
}

// begin notes that a batch is sent, and returns it as the server gets it.
func (p *pendingReturns) begin(seq uint64, b *returnBatch) []transport.Return {
	wire := make([]transport.Return, len(b.returns))
	for i, r := range b.returns {
		r.begin()
		wire[i] = transport.Return{Request: r.request}
	}
	p.batches[seq] = b
	return wire
}

// completed ends a batch and returns it. It returns nil for one that nobody waits for.
func (p *pendingReturns) completed(seq uint64) *returnBatch {
	b := p.batches[seq]
	if b == nil {
		return nil
	}
	delete(p.batches, seq)
	if b.cut {
		return b // its returns have landed, and may be under way again
	}
	for _, r := range b.returns {
		r.land()
	}
	return b
}

// doubtAt returns when the session is doubted because of a batch under way on it; zero: never.
func (p *pendingReturns) doubtAt(over transport.Session, heard protocol.Instant) (at protocol.Instant) {
	for _, b := range p.batches {
		if b.session == over {
			at = protocol.Sooner(at, b.doubtAt(heard))
		}
	}
	return at
}

// cutCalls cuts the batches on a session short: their returns are queued again. An answer that arrives nevertheless still
// counts.
func (p *pendingReturns) cutCalls(over transport.Session) {
	for _, seq := range slices.Sorted(maps.Keys(p.batches)) {
		b := p.batches[seq]
		if b.session != over || b.cut {
			continue
		}
		b.cutShort()
		for _, r := range b.returns {
			r.land()
			if !r.done {
				p.enqueue(r)
			}
		}
	}
}

// anyOn reports whether a batch is under way on a session.
func (p *pendingReturns) anyOn(s transport.Session) bool {
	for _, b := range p.batches {
		if b.session == s {
			return true
		}
	}
	return false
}

// underWay returns how many calls are under way and not cut short.
func (p *pendingReturns) underWay() (n int) {
	for _, b := range p.batches {
		if !b.cut {
			n++
		}
	}
	return n
}

// expire drops the pending returns older than the client timeout, and returns them: by then the server has freed the
// seats itself. A return whose feature is checking out again is kept for another timeout, because a restarted server
// keeps every lease for another client timeout. A return of a local licence is always kept.
func (p *pendingReturns) expire(
	now protocol.Instant, timeout time.Duration, checksOut func(claim uint64) bool,
) (dropped []*pendingReturn) {
	for len(p.order) > 0 {
		r := p.order[0]
		switch {
		case r.done:
			p.order = p.order[1:]
		case timeout <= 0 || now.Before(r.since.After(timeout)):
			return dropped
		case r.local, len(p.of[r.claim]) <= transport.MaxReplaces && checksOut(r.claim):
			r.startAgain(now)
			p.order = append(p.order[1:], r)
		default:
			dropped = append(dropped, r)
			p.done(r) // it may have emptied the list
		}
	}
	return dropped
}

// expiry returns when the oldest return expires.
func (p *pendingReturns) expiry(timeout time.Duration) protocol.Instant {
	for len(p.order) > 0 && p.order[0].done {
		p.order = p.order[1:]
	}
	if len(p.order) == 0 || timeout <= 0 {
		return protocol.Instant{}
	}
	return p.order[0].since.After(timeout)
}

// rebuilt returns the returns of the machine that replaces one that panicked. What was under way is sent again, and
// checkins do not wait for it.
func (p *pendingReturns) rebuilt() pendingReturns {
	n := newPendingReturns()
	for _, r := range p.all() {
		if n.add(r.since, r.claim, r.request); r.local {
			n.addLocal(r.since, r.claim, r.request)
		}
	}
	p.answerAll()
	return n
}
