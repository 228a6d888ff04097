package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/transport"
)

// faults are the faults of each kind of call. The zero value has no fault.
type faults struct {
	vanish     [kinds]bool          // requests never arrive
	delay      [kinds]time.Duration // of requests
	replyDelay [kinds]time.Duration
	refusal    [kinds]*transport.Refusal // answers requests in place of the server
	drops      [kinds]*countdown         // replies to lose
	copies     [kinds]*countdown         // requests to execute twice
	copyDelay  [kinds]time.Duration      // between a request and its copy
}

// countdown is how many calls a fault is still to hit. The kinds of calls that a control names share one.
type countdown struct{ left int }

// next reports whether the fault hits this call, and counts it.
func (c *countdown) next() bool {
	if c == nil || c.left <= 0 {
		return false
	}
	c.left--
	return true
}

func (f *faults) setVanish(on bool, of []Kind) {
	for _, k := range orAll(of) {
		f.vanish[k] = on
	}
}

func (f *faults) setDelay(d time.Duration, of []Kind) {
	for _, k := range orAll(of) {
		f.delay[k] = d
	}
}

func (f *faults) setReplyDelay(d time.Duration, of []Kind) {
	for _, k := range orAll(of) {
		f.replyDelay[k] = d
	}
}

func (f *faults) setDrops(n int, of []Kind) {
	shared := &countdown{left: n}
	for _, k := range orAll(of) {
		f.drops[k] = shared
	}
}

func (f *faults) setCopies(n int, later time.Duration, of []Kind) {
	shared := &countdown{left: n}
	for _, k := range orAll(of) {
		f.copies[k], f.copyDelay[k] = shared, later
	}
}

// setRefusal keeps a copy of the refusal, which may be nil.
func (f *faults) setRefusal(refusal *transport.Refusal, of []Kind) {
	if refusal != nil {
		refusal = &transport.Refusal{
			Reason: refusal.Reason, Message: refusal.Message, RetryAfter: refusal.RetryAfter, Hello: refusal.Hello,
		}
	}
	for _, k := range orAll(of) {
		f.refusal[k] = refusal
	}
}

func (f *faults) clear() { *f = faults{} }

// dropReply reports whether the reply to this call is to be lost, and counts it.
func (f *faults) dropReply(k Kind) bool { return f.drops[k].next() }

// copyRequest reports whether this call is to be executed twice, and counts it. The copy arrives later.
func (f *faults) copyRequest(k Kind) (later time.Duration, copied bool) {
	return f.copyDelay[k], f.copies[k].next()
}
