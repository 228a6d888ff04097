package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/transport"
)

// faults is what goes wrong with each kind of call. The zero value: nothing.
type faults [kinds]fault

type fault struct {
	vanish     bool
	delay      time.Duration
	replyDelay time.Duration
	refusal    *transport.Refusal
	drops      *int // replies yet to be dropped, shared by the kinds of one DropReplies
	copies     *copies
}

// copies is what Duplicate asked for, shared by its kinds.
type copies struct {
	left  int
	later time.Duration
}

// takeDrop reports whether this reply is to be dropped.
func (f *fault) takeDrop() bool {
	if f.drops == nil || *f.drops <= 0 {
		return false
	}
	*f.drops--
	return true
}

// takeCopy reports whether this request is to be executed again, and how much later.
func (f *fault) takeCopy() (later time.Duration, ok bool) {
	if f.copies == nil || f.copies.left <= 0 {
		return 0, false
	}
	f.copies.left--
	return f.copies.later, true
}

// disturb changes the faults of some kinds, all when none is given.
func (s *Server) disturb(given []Kind, change func(*fault)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range orAll(given) {
		change(&s.faults[kind])
	}
}

// BlackHole makes requests vanish: a call hangs until its context ends, its session is closed or the server goes down.
// BlackHole(false) lets later calls through; those that hang stay lost.
func (s *Server) BlackHole(on bool, kinds ...Kind) {
	s.disturb(kinds, func(f *fault) { f.vanish = on })
}

// DropReplies loses the replies to the next n requests that arrive. The requests are executed; the callers get
// [ErrReplyLost] at once, so that no test has to wait for a deadline. A later call replaces the number; 0 ends it.
func (s *Server) DropReplies(n int, kinds ...Kind) {
	left := n
	s.disturb(kinds, func(f *fault) { f.drops = &left })
}

// Duplicate executes the next n requests that arrive a second time, as a network would that repeats a message: the copy
// arrives after the request was answered, by the time given in later, and its answer goes nowhere. With later 0 it
// arrives before the caller has the answer. A copy still under way is lost when the server restarts or goes down.
// A later call replaces the number; 0 ends it.
func (s *Server) Duplicate(n int, later time.Duration, kinds ...Kind) {
	shared := &copies{left: n, later: later}
	s.disturb(kinds, func(f *fault) { f.copies = shared })
}

// Delay makes every request take d to arrive; 0 ends it. A caller may stop waiting, but its request still arrives and
// is executed when d has passed, unless the server restarts or goes down before.
func (s *Server) Delay(d time.Duration, kinds ...Kind) {
	s.disturb(kinds, func(f *fault) { f.delay = d })
}

// DelayReplies executes requests at once and makes their replies take d; 0 ends it. A reply under way arrives over a
// Restart, too, and then tells of the older life. It is lost when the server goes down.
func (s *Server) DelayReplies(d time.Duration, kinds ...Kind) {
	s.disturb(kinds, func(f *fault) { f.replyDelay = d })
}

// Refuse answers requests with the refusal instead of executing them; nil ends it. The server fills in Hello when it has
// no identity. The refusal is copied.
func (s *Server) Refuse(refusal *transport.Refusal, kinds ...Kind) {
	if refusal != nil {
		refusal = &transport.Refusal{
			Reason: refusal.Reason, Message: refusal.Message, RetryAfter: refusal.RetryAfter, Hello: refusal.Hello,
		}
	}
	s.disturb(kinds, func(f *fault) { f.refusal = refusal })
}

// ClearFaults ends BlackHole, DropReplies, Duplicate, Delay, DelayReplies and Refuse for all calls. The hooks of OnCall
// and Tamper stay.
func (s *Server) ClearFaults() { s.disturb(nil, func(f *fault) { *f = fault{} }) }
