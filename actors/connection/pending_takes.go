package connection

import (
	"cmp"
	"maps"
	"slices"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// pendingTakes holds the takes that are not over: at most one for each feature.
type pendingTakes struct {
	of           map[uint64]*take // by claim ID
	queue        []*take          // to be sent, in order; those that are cancelled are skipped
	waiting      []*take          // takes that wait in the server's queue: to be sent, each in its own call
	delayed      []*take          // to be sent after their notBefore
	delayedUntil protocol.Instant // not later than the earliest notBefore of delayed
	deadline     protocol.Instant // not later than the earliest deadline
	batches      map[uint64]*batch
}

// batch is one Checkout call under way.
type batch struct {
	call
	takes   []*take
	mayWait bool              // the server may hold the call until seats are free
	sent    *protocol.Instant // on its own, since the leases keep it
}

// requests returns the requests of the batch as returns: another server, which answered, may have executed them.
func (b *batch) requests() []protocol.Return {
	requests := make([]protocol.Return, len(b.takes))
	for i, t := range b.takes {
		requests[i] = protocol.Return{Claim: t.member.ID(), Request: t.request}
	}
	return requests
}

// maxBatches is how many Checkout calls of one connection may be under way, and how many Checkin calls.
const maxBatches = 2

// maxWaiting is how many calls that wait in the server's queue a connection may have under way. Further takes wait
// here, in the order in which they came.
const maxWaiting = 64

func newPendingTakes() pendingTakes {
	return pendingTakes{of: make(map[uint64]*take), batches: make(map[uint64]*batch)}
}

func (p *pendingTakes) empty() bool { return len(p.of) == 0 }

// add enters a take and queues it.
func (p *pendingTakes) add(t *take) {
	p.of[t.member.ID()] = t
	p.enqueue(t)
}

// enqueue lets a take be sent.
func (p *pendingTakes) enqueue(t *take) {
	if t.mode == protocol.WaitMode {
		p.waiting = append(p.waiting, t)
	} else {
		p.queue = append(p.queue, t)
	}
}

// remove removes a take that is over. Lists that still contain it skip it.
func (p *pendingTakes) remove(t *take) {
	t.cancel()
	if p.of[t.member.ID()] == t {
		delete(p.of, t.member.ID())
	}
	if len(p.of) == 0 {
		p.queue, p.waiting, p.delayed, p.delayedUntil, p.deadline = nil, nil, nil, protocol.Instant{}, protocol.Instant{}
	}
}

// delay sends a take again at an instant.
func (p *pendingTakes) delay(t *take, until protocol.Instant) {
	t.delayUntil(until)
	p.delayed = append(p.delayed, t)
	p.delayedUntil = protocol.Sooner(p.delayedUntil, until)
}

// sendNow queues a take that was delayed.
func (p *pendingTakes) sendNow(t *take) {
	t.delayUntil(protocol.Instant{})
	p.queue = append(p.queue, t)
}

// resume queues the delayed takes whose time has come.
func (p *pendingTakes) resume(now protocol.Instant) {
	if !protocol.Passed(now, p.delayedUntil) {
		return
	}
	delayed := p.delayed
	p.delayed, p.delayedUntil = nil, protocol.Instant{}
	for _, t := range delayed {
		switch {
		case t.cancelled:
		case now.Before(t.notBefore):
			p.delay(t, t.notBefore)
		default:
			p.enqueue(t)
		}
	}
}

// next returns up to n takes for the next batch; none while maxBatches batches are under way. Takes that wait in the
// server's queue are not among them.
func (p *pendingTakes) next(n int) []*take {
	if p.underWay(false) >= maxBatches {
		return nil
	}
	return p.pop(n)
}

// nextWaiting returns the take of the next call that may wait in the server's queue, as far as maxWaiting allows one.
func (p *pendingTakes) nextWaiting() []*take {
	if p.underWay(true) >= maxWaiting {
		return nil
	}
	return popTakes(&p.waiting, 1)
}

// underWay returns how many calls are under way and not cut short: of the takes that wait in the server's queue, or of the
// others.
func (p *pendingTakes) underWay(mayWait bool) (n int) {
	for _, b := range p.batches {
		if b.mayWait == mayWait && !b.cut {
			n++
		}
	}
	return n
}

// pop returns up to n takes to send.
func (p *pendingTakes) pop(n int) []*take { return popTakes(&p.queue, n) }

func popTakes(queue *[]*take, n int) []*take {
	var takes []*take
	for len(*queue) > 0 && len(takes) < n {
		t := (*queue)[0]
		*queue = (*queue)[1:]
		if !t.cancelled && !t.inFlight {
			t.begin()
			takes = append(takes, t)
		}
	}
	return takes
}

// begin notes that a batch is sent, and returns it as the server gets it.
func (p *pendingTakes) begin(now protocol.Instant, seq uint64, b *batch) []transport.Take {
	wire := make([]transport.Take, len(b.takes))
	for i, t := range b.takes {
		p.start(now, t)
		t.sent()
		wire[i] = t.wire()
	}
	p.batches[seq] = b
	return wire
}

// completed ends a batch and returns it. It returns nil for one that nobody waits for.
func (p *pendingTakes) completed(seq uint64) *batch {
	b := p.batches[seq]
	if b == nil {
		return nil
	}
	delete(p.batches, seq)
	if b.cut {
		return b // its takes have landed, and may be under way again
	}
	for _, t := range b.takes {
		t.land()
	}
	return b
}

// doubtAt returns when the session is doubted because of a batch under way on it; zero: never.
func (p *pendingTakes) doubtAt(over transport.Session, heard protocol.Instant) (at protocol.Instant) {
	for _, b := range p.batches {
		if b.session == over {
			at = protocol.Sooner(at, b.doubtAt(heard))
		}
	}
	return at
}

// cutCalls cuts the batches on a session short. Their takes are queued again, but for those that the application's next call
// repeats. An answer that arrives nevertheless still counts. It reports whether a take is among them that could go
// elsewhere, so that its time runs out.
func (p *pendingTakes) cutCalls(over transport.Session, automatic bool) (bounded bool) {
	for _, seq := range slices.Sorted(maps.Keys(p.batches)) {
		b := p.batches[seq]
		if b.session != over || b.cut {
			continue
		}
		b.cutShort()
		for _, t := range b.takes {
			t.land()
			if !t.cancelled && (automatic || t.mode != protocol.RetakeMode || t.call.Awaited()) {
				t.cutShort()
				p.enqueue(t)
				bounded = bounded || !t.mode.Repeats()
			}
		}
	}
	return bounded
}

// anyOn reports whether a batch is under way on a session.
func (p *pendingTakes) anyOn(s transport.Session) bool {
	for _, b := range p.batches {
		if b.session == s {
			return true
		}
	}
	return false
}

// start starts the deadline of a take that may be asked of another server.
func (p *pendingTakes) start(now protocol.Instant, t *take) {
	p.deadline = protocol.Sooner(p.deadline, t.start(now))
}

// startAll calls start for all takes: a connect begins, and its time is part of theirs (rule 21).
func (p *pendingTakes) startAll(now protocol.Instant) {
	for _, t := range p.of {
		p.start(now, t)
	}
}

// overdue returns the takes whose deadline has passed.
func (p *pendingTakes) overdue(now protocol.Instant) []*take {
	if !protocol.Passed(now, p.deadline) {
		return nil
	}
	p.deadline = protocol.Instant{}
	var late []*take
	for _, t := range p.all() {
		if protocol.Passed(now, t.deadline) {
			late = append(late, t)
		} else {
			p.deadline = protocol.Sooner(p.deadline, t.deadline)
		}
	}
	return late
}

// wakeAt returns when a take needs attention.
func (p *pendingTakes) wakeAt() protocol.Instant { return protocol.Sooner(p.delayedUntil, p.deadline) }

// all returns all takes, oldest claims first, so that a test with the same inputs sees the same order.
func (p *pendingTakes) all() []*take { return p.choose(func(*take) bool { return true }) }

// bounded returns the takes that get a deadline, because their features can ask another server.
func (p *pendingTakes) bounded() []*take {
	return p.choose(func(t *take) bool { return !t.mode.Repeats() })
}

// firstAsked returns the takes of features that hold nothing at this server.
func (p *pendingTakes) firstAsked() []*take {
	return p.choose(func(t *take) bool { return t.mode != protocol.RetakeMode })
}

// awaited returns the takes that a call of the application waits for.
func (p *pendingTakes) awaited() []*take {
	return p.choose(func(t *take) bool { return t.call != nil })
}

// repeated reports whether a take is repeated until it is answered: without automatic heartbeats only the application's
// own calls repeat one.
func (p *pendingTakes) repeated(automatic bool) bool {
	if automatic {
		return len(p.of) > 0
	}
	for _, t := range p.of {
		if t.mode != protocol.RetakeMode || t.call.Awaited() {
			return true
		}
	}
	return false
}

func (p *pendingTakes) choose(want func(*take) bool) []*take {
	if len(p.of) == 0 {
		return nil
	}
	chosen := make([]*take, 0, len(p.of))
	for _, t := range p.of {
		if want(t) {
			chosen = append(chosen, t)
		}
	}
	slices.SortFunc(chosen, func(x, y *take) int { return cmp.Compare(x.member.ID(), y.member.ID()) })
	return chosen
}
