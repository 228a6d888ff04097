package connection

import (
	"cmp"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// take is one attempt of one feature to get seats from this server.
type take struct {
	member    *protocol.Member
	number    uint32
	mode      protocol.TakeMode
	request   messages.RequestID
	replaces  []messages.RequestID
	began     protocol.Instant // when the sweep began
	timeout   time.Duration    // for the server's answer, from when the request is sent or the connect begins
	deadline  protocol.Instant // zero: the clock does not run yet, or never does (a mode that repeats)
	notBefore protocol.Instant // when it is to be sent again
	putOff    protocol.Instant // the server's retry-after; zero: none
	tries     int              // how often the request was sent
	flying    bool             // a batch with it is under way
	off       bool             // settled otherwise: an answer means nothing any more
	call      *protocol.Reply  // the application's heartbeat that waits for it
}

// order returns the take as it was asked for, to be asked elsewhere.
func (t *take) order() *protocol.TakeOrder {
	return &protocol.TakeOrder{Member: t.member, TakeSeat: protocol.TakeSeat{
		Take: t.number, Mode: t.mode, Began: t.began, Timeout: t.timeout,
	}}
}

// wire returns the take as the server gets it.
func (t *take) wire() transport.Take {
	claim := t.member.Claim
	return transport.Take{
		Request: t.request, Feature: claim.Feature, Version: claim.Version, Count: claim.Count,
		Exact: t.member.Exact, Replaces: t.replaces,
	}
}

// takeBook holds the takes that are not settled: at most one for each feature.
type takeBook struct {
	of       map[uint64]*take // by claim ID
	queue    []*take          // to be sent, in order; those that are off are skipped
	line     []*take          // to be sent, each in a call of its own: those that wait for seats
	waits    int              // calls under way of those that wait
	held     []*take          // to be sent after their notBefore
	heldAt   protocol.Instant // not later than the earliest notBefore of held
	deadline protocol.Instant // not later than the earliest deadline
	batches  map[uint64]*batch
}

// batch is one Checkout call under way.
type batch struct {
	takes   []*take
	waits   bool              // the server may hold the call until seats are free
	sent    *protocol.Instant // on its own, since the leases keep it
	life    uint64
	session transport.Session
}

func newTakeBook() takeBook {
	return takeBook{of: make(map[uint64]*take), batches: make(map[uint64]*batch)}
}

func (b *takeBook) empty() bool { return len(b.of) == 0 }

// add enters a take and queues it.
func (b *takeBook) add(t *take) {
	b.of[t.member.ID()] = t
	b.enqueue(t)
}

// enqueue lets a take be sent.
func (b *takeBook) enqueue(t *take) {
	if t.mode == protocol.WaitMode {
		b.line = append(b.line, t)
	} else {
		b.queue = append(b.queue, t)
	}
}

// remove strikes a take out; what still refers to it skips it.
func (b *takeBook) remove(t *take) {
	t.off = true
	if b.of[t.member.ID()] == t {
		delete(b.of, t.member.ID())
	}
	if len(b.of) == 0 {
		b.queue, b.line, b.held, b.heldAt, b.deadline = nil, nil, nil, protocol.Instant{}, protocol.Instant{}
	}
}

// hold puts a take back until its notBefore.
func (b *takeBook) hold(t *take, until protocol.Instant) {
	t.notBefore = until
	b.held = append(b.held, t)
	b.heldAt = protocol.Sooner(b.heldAt, until)
}

// release queues the held takes whose time has come.
func (b *takeBook) release(now protocol.Instant) {
	if !protocol.Passed(now, b.heldAt) {
		return
	}
	held := b.held
	b.held, b.heldAt = nil, protocol.Instant{}
	for _, t := range held {
		switch {
		case t.off:
		case now.Before(t.notBefore):
			b.hold(t, t.notBefore)
		default:
			b.enqueue(t)
		}
	}
}

// pop returns up to n takes to send, popWaiting one of those that wait for seats.
func (b *takeBook) pop(n int) []*take { return popFrom(&b.queue, n) }

func (b *takeBook) popWaiting() []*take { return popFrom(&b.line, 1) }

func popFrom(queue *[]*take, n int) []*take {
	var takes []*take
	for len(*queue) > 0 && len(takes) < n {
		t := (*queue)[0]
		*queue = (*queue)[1:]
		if !t.off && !t.flying {
			t.flying = true
			takes = append(takes, t)
		}
	}
	return takes
}

// startClock lets the time of a take that could go elsewhere run.
func (b *takeBook) startClock(now protocol.Instant, t *take) {
	if t.mode.Repeats() || t.deadline != (protocol.Instant{}) {
		return
	}
	t.deadline = now.After(t.timeout)
	b.deadline = protocol.Sooner(b.deadline, t.deadline)
}

// startClocks does so for all: a connect begins, which is part of their time (rule 21).
func (b *takeBook) startClocks(now protocol.Instant) {
	for _, t := range b.of {
		b.startClock(now, t)
	}
}

// overdue returns the takes whose deadline has passed.
func (b *takeBook) overdue(now protocol.Instant) []*take {
	if !protocol.Passed(now, b.deadline) {
		return nil
	}
	b.deadline = protocol.Instant{}
	var late []*take
	for _, t := range b.all() {
		if protocol.Passed(now, t.deadline) {
			late = append(late, t)
		} else {
			b.deadline = protocol.Sooner(b.deadline, t.deadline)
		}
	}
	return late
}

// next returns when a take needs attention.
func (b *takeBook) next() protocol.Instant { return protocol.Sooner(b.heldAt, b.deadline) }

// all returns all takes, oldest claims first, so that one schedule always gives one order.
func (b *takeBook) all() []*take { return b.choose(func(*take) bool { return true }) }

// bounded returns the takes that could go elsewhere.
func (b *takeBook) bounded() []*take {
	return b.choose(func(t *take) bool { return !t.mode.Repeats() })
}

// firstAsked returns the takes of features that hold nothing at this server.
func (b *takeBook) firstAsked() []*take {
	return b.choose(func(t *take) bool { return t.mode != protocol.RetakeMode })
}

// repeated reports whether a take is repeated until it is answered: without automatic heartbeats only the application's
// own calls repeat one.
func (b *takeBook) repeated(automatic bool) bool {
	if automatic {
		return len(b.of) > 0
	}
	for _, t := range b.of {
		if t.mode != protocol.RetakeMode || t.call != nil {
			return true
		}
	}
	return false
}

func (b *takeBook) choose(want func(*take) bool) []*take {
	if len(b.of) == 0 {
		return nil
	}
	chosen := make([]*take, 0, len(b.of))
	for _, t := range b.of {
		if want(t) {
			chosen = append(chosen, t)
		}
	}
	slices.SortFunc(chosen, func(x, y *take) int { return cmp.Compare(x.member.ID(), y.member.ID()) })
	return chosen
}
