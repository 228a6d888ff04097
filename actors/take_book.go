package actors

import (
	"cmp"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// take is one attempt of one feature to get seats from this server.
type take struct {
	member    *Member
	number    uint32
	mode      takeMode
	request   messages.RequestID
	replaces  []messages.RequestID
	began     Instant       // when the sweep began
	timeout   time.Duration // for the server's answer, from when the request is sent or the connect begins
	deadline  Instant       // zero: the clock does not run yet, or never does (a mode that repeats)
	notBefore Instant       // when it is to be sent again
	putOff    Instant       // the server's retry-after; zero: none
	tries     int           // how often the request was sent
	flying    bool          // a batch with it is under way
	off       bool          // settled otherwise: an answer means nothing any more
	call      *Reply        // the application's heartbeat that waits for it
}

// order returns the take as it was asked for, to be asked elsewhere.
func (t *take) order() *takeOrder {
	return &takeOrder{member: t.member, takeSeat: takeSeat{
		take: t.number, mode: t.mode, began: t.began, timeout: t.timeout,
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
	heldAt   Instant          // not later than the earliest notBefore of held
	deadline Instant          // not later than the earliest deadline
	batches  map[uint64]*batch
}

// batch is one Checkout call under way.
type batch struct {
	takes   []*take
	waits   bool     // the server may hold the call until seats are free
	sent    *Instant // on its own, since the leases keep it
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
	if t.mode == waitMode {
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
		b.queue, b.line, b.held, b.heldAt, b.deadline = nil, nil, nil, Instant{}, Instant{}
	}
}

// hold puts a take back until its notBefore.
func (b *takeBook) hold(t *take, until Instant) {
	t.notBefore = until
	b.held = append(b.held, t)
	b.heldAt = sooner(b.heldAt, until)
}

// release queues the held takes whose time has come.
func (b *takeBook) release(now Instant) {
	if !passed(now, b.heldAt) {
		return
	}
	held := b.held
	b.held, b.heldAt = nil, Instant{}
	for _, t := range held {
		switch {
		case t.off:
		case now.before(t.notBefore):
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
func (b *takeBook) startClock(now Instant, t *take) {
	if t.mode.repeats() || t.deadline != (Instant{}) {
		return
	}
	t.deadline = now.after(t.timeout)
	b.deadline = sooner(b.deadline, t.deadline)
}

// startClocks does so for all: a connect begins, which is part of their time (rule 21).
func (b *takeBook) startClocks(now Instant) {
	for _, t := range b.of {
		b.startClock(now, t)
	}
}

// overdue returns the takes whose deadline has passed.
func (b *takeBook) overdue(now Instant) []*take {
	if !passed(now, b.deadline) {
		return nil
	}
	b.deadline = Instant{}
	var late []*take
	for _, t := range b.all() {
		if passed(now, t.deadline) {
			late = append(late, t)
		} else {
			b.deadline = sooner(b.deadline, t.deadline)
		}
	}
	return late
}

// next returns when a take needs attention.
func (b *takeBook) next() Instant { return sooner(b.heldAt, b.deadline) }

// all returns all takes, oldest claims first, so that one schedule always gives one order.
func (b *takeBook) all() []*take { return b.choose(func(*take) bool { return true }) }

// bounded returns the takes that could go elsewhere.
func (b *takeBook) bounded() []*take {
	return b.choose(func(t *take) bool { return !t.mode.repeats() })
}

// firstAsked returns the takes of features that hold nothing at this server.
func (b *takeBook) firstAsked() []*take {
	return b.choose(func(t *take) bool { return t.mode != retakeMode })
}

// repeated reports whether a take is repeated until it is answered: without automatic heartbeats only the application's
// own calls repeat one.
func (b *takeBook) repeated(automatic bool) bool {
	if automatic {
		return len(b.of) > 0
	}
	for _, t := range b.of {
		if t.mode != retakeMode || t.call != nil {
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
