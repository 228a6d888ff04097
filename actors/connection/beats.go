package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// beats knows whether a heartbeat is due, under way or needed for a recovery, and how many have failed in a row.
// heartbeats (heartbeats.go) decides what follows.
type beats struct {
	breaks         int              // that have begun so far
	failed         int              // heartbeats failed in a row (rule 4)
	recovering     bool             // a break or a restart: a good heartbeat of all leases must come first (rule 8)
	afterClockJump bool             // wall and monotonic clock went apart: a heartbeat must be answered (rule 17)
	beatNow        bool             // a recovery or a clock jump needs a heartbeat: send one now
	forgiveUntil   protocol.Instant // failed heartbeats are repeated and not counted until then
	due            dueBeat
	inFlight       *beatInFlight    // the heartbeat under way; nil: none. There is never more than one
	confirmers     []confirmer      // features that ask, by a heartbeat, whether the origin still has their lease
	acked          protocol.Instant // when the last good heartbeat, or a later take of the first lease, was sent
}

// dueBeat is the heartbeat that the timer asked for: the only one whose failure counts.
type dueBeat struct {
	state dueState
	at    protocol.Instant // when it became due
	limit protocol.Instant // when it has failed
	cut   bool             // it was cut short, and is to be sent again
	again bool             // it got its time again once
}

type dueState uint8

const (
	// dueNever: no heartbeat is due.
	dueNever dueState = iota
	// duePostponed: the server asked to wait. The heartbeat becomes due again with the planned retry of the dialer.
	duePostponed
	// dueNow: the heartbeat waits for a session, or is under way.
	dueNow
)

// beatInFlight is a heartbeat under way.
type beatInFlight struct {
	call
	seq        uint64
	counted    bool              // it is the due heartbeat
	sent       *protocol.Instant // when it was sent: its leases' age counts from then. Shared with the lease table
	leases     []messages.LeaseID
	slots      []int32 // the slot of each lease in the lease table when the heartbeat was sent
	confirmers []confirmer
	calls      []beatCall
}

// confirmer is a feature in a failover round that asks the origin by a heartbeat of its lease (rule 6).
type confirmer struct {
	member *protocol.Member
	take   uint32
	began  protocol.Instant // of the round
}

// join lets calls of the application wait for this heartbeat.
func (b *beatInFlight) join(calls ...beatCall) { b.calls = append(b.calls, calls...) }

// becameDue notes that the timer asks for a heartbeat, which has failed when limit passes.
func (b *beats) becameDue(now, limit protocol.Instant) {
	b.due = dueBeat{state: dueNow, at: now, limit: limit}
}

// postpone takes the due heartbeat back until the server's retry-after has passed.
func (b *beats) postpone() { b.due = dueBeat{state: duePostponed} }

// clearDue takes the due heartbeat back. A postponed one stays postponed.
func (b *beats) clearDue() {
	if b.due.state == dueNow {
		b.due = dueBeat{state: dueNever}
	}
}

// isDue reports whether the due heartbeat waits to be sent or answered, isPostponed whether the server put it off.
func (b *beats) isDue() bool       { return b.due.state == dueNow }
func (b *beats) isPostponed() bool { return b.due.state == duePostponed }

// cutShort notes that this connection cut the due heartbeat short itself, so that the heartbeat is to be sent again. It
// gets all of its time again, but only once: a server that is silent must fail the heartbeat before the next one is due.
func (b *beats) cutShort(limit protocol.Instant) {
	b.due.cut = b.isDue()
	if b.due.cut && !b.due.again {
		b.due.limit, b.due.again = limit, true
	}
}

// doubtAt returns when the session is doubted because of the heartbeat under way; zero: never.
func (b *beats) doubtAt(over transport.Session, heard protocol.Instant) protocol.Instant {
	if !b.isOn(over) {
		return protocol.Instant{}
	}
	return b.inFlight.doubtAt(heard)
}

// wasCut reports whether a due heartbeat that was cut short waits for a session.
func (b *beats) wasCut() bool { return b.isDue() && b.due.cut }

// waitLimit returns when the due heartbeat counts as failed because it still waits for a session; zero when none waits.
// A heartbeat under way has its own deadline.
func (b *beats) waitLimit() protocol.Instant {
	if b.isDue() && b.inFlight == nil {
		return b.due.limit
	}
	return protocol.Instant{}
}

// timeout returns how long the next heartbeat may take: until its limit if it is due, else deadline.
func (b *beats) timeout(now protocol.Instant, deadline time.Duration) time.Duration {
	if b.isDue() {
		return max(b.due.limit.Mono-now.Mono, time.Millisecond)
	}
	return deadline
}

// begin notes that a heartbeat is sent.
func (b *beats) begin(beat *beatInFlight) {
	b.inFlight, b.beatNow, b.due.cut = beat, false, false
}

// completed ends the heartbeat with this number and returns it; nil when another heartbeat or none is under way.
func (b *beats) completed(seq uint64) *beatInFlight {
	beat := b.inFlight
	if beat == nil || beat.seq != seq {
		return nil
	}
	b.inFlight = nil
	return beat
}

// confirm adds a feature that asks whether its lease lives; the next heartbeat answers. confirmAgain adds the features
// of a heartbeat that got no valid answer.
func (b *beats) confirm(c confirmer) { b.confirmers = append(b.confirmers, c) }
func (b *beats) confirmAgain(beat *beatInFlight) {
	b.confirmers = append(beat.confirmers, b.confirmers...)
}

// takeConfirmers returns the features that ask, and forgets them.
func (b *beats) takeConfirmers() []confirmer {
	waiting := b.confirmers
	b.confirmers = nil
	return waiting
}

// unsettled reports whether a heartbeat must be answered before all is well again.
func (b *beats) unsettled() bool { return b.recovering || b.afterClockJump }

// fail counts a failed heartbeat: a break begins or goes on.
func (b *beats) fail() {
	if b.failed == 0 {
		b.breaks++
	}
	b.failed++
	b.recovering = true
	b.clearDue()
}

// forgives reports whether failed heartbeats are not counted now.
func (b *beats) forgives(now protocol.Instant) bool { return now.Before(b.forgiveUntil) }

// forgive ends the due heartbeat without counting its failure: another one is sent.
func (b *beats) forgive() {
	b.afterClockJump = true
	b.clearDue()
}

// forgiveFor is how long failed heartbeats are not counted after wall and monotonic clock went apart: when a machine
// wakes, its network is often not up yet (rule 17).
const forgiveFor = 30 * time.Second

// clockJumped asks for a heartbeat now.
func (b *beats) clockJumped(now protocol.Instant) {
	b.forgiveUntil = now.After(forgiveFor)
	b.afterClockJump, b.beatNow = true, true
}

// restarted notes that the server restarted: the features must be recovered, now.
func (b *beats) restarted() { b.recovering, b.beatNow = true, true }

// answered notes a reply of the server. The failed count is 0 again. If features are to be recovered, a heartbeat must
// still show whether their leases live (rule 8).
func (b *beats) answered(anyFeature bool) {
	b.failed = 0
	b.recovering = b.recovering && anyFeature
	b.beatNow = b.beatNow || b.recovering
}

// retry asks for the heartbeat that a recovery or a clock jump needs, because the planned retry is due. connected asks
// for it, because a session is open.
func (b *beats) retry()     { b.beatNow = b.beatNow || b.unsettled() }
func (b *beats) connected() { b.beatNow = b.unsettled() }

// resend asks for the heartbeat of a recovery again, because its answer must be ignored.
func (b *beats) resend() { b.beatNow = b.recovering }

// isOn reports whether a heartbeat is under way on a session.
func (b *beats) isOn(s transport.Session) bool { return b.inFlight != nil && b.inFlight.session == s }

// cutCall notes that the heartbeat under way is cut short if it is on that session; with nil, on whichever.
func (b *beats) cutCall(over transport.Session) {
	if b.inFlight != nil && (over == nil || b.inFlight.session == over) {
		b.inFlight.cutShort()
	}
}

// good notes a good heartbeat: all is well.
func (b *beats) good(sent protocol.Instant) {
	b.acked, b.due = sent, dueBeat{}
	b.recovering, b.beatNow, b.afterClockJump = false, false, false
}

// firstLease notes when the take of the first lease was sent.
func (b *beats) firstLease(sent protocol.Instant) { b.acked = sent }

// moved notes that all features now belong to the connection of another server.
func (b *beats) moved() {
	b.failed, b.recovering = 0, false
	b.clearDue()
}

// nobodyLeft notes that nothing here needs heartbeats.
func (b *beats) nobodyLeft() {
	b.failed, b.recovering, b.beatNow, b.afterClockJump = 0, false, false, false
	b.clearDue()
}

// rebuilt returns the beats of the machine that replaces one that panicked: features, if any, must be recovered.
func (b *beats) rebuilt(anyFeature bool) beats {
	return beats{breaks: b.breaks, failed: b.failed, acked: b.acked, forgiveUntil: b.forgiveUntil, recovering: anyFeature, beatNow: anyFeature}
}
