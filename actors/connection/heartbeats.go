package connection

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// heartbeats sends heartbeats, judges their answers and tells the features (rules 2 to 8 and 15 to 17). It keeps no
// state itself; see beats, schedule, leaseAge and outageGate.
type heartbeats struct {
	set       *protocol.Settings
	ref       *protocol.ConnectionRef
	out       *notices
	jitter    jitter
	peer      *peer
	dialer    *dialer
	throttle  *throttle
	gate      *outageGate
	beats     *beats
	schedule  *schedule
	age       *leaseAge
	checkouts *checkouts
	manual    *manual
	server    *server
}

// due: the heartbeat timer asks for a heartbeat. While an uncounted heartbeat is under way, the due
// heartbeat waits until that has ended. If the server asked to wait, the heartbeat is postponed until the wait is over.
func (h *heartbeats) due(now protocol.Instant) {
	switch {
	case h.beats.isDue() || h.schedule.pacing() == 0:
	case !h.throttle.allows(now, connectsAndBeats):
		h.beats.postpone()
		h.dialer.planBy(h.throttle.server)
	default:
		h.beats.becameDue(now, now.After(h.schedule.deadline()))
		h.dialer.retryNow()
	}
}

// wanted reports whether a heartbeat is to be sent now.
func (h *heartbeats) wanted() bool {
	recovery := h.beats.beatNow && h.set.Automatic() && h.checkouts.leases.beaten() > 0
	return h.beats.isDue() || recovery || len(h.beats.confirmers) > 0 || h.manual.waiting()
}

// first reports whether a heartbeat has to come before takes and returns: a connection that recovers asks for all of its
// leases first (rule 8). A heartbeat that the server put off holds nothing back: the seats of another feature have nothing
// to do with these leases, and the server would say if it put off checkouts (rule 18).
func (h *heartbeats) first(now protocol.Instant) bool {
	mayBeSent := h.wanted() && h.throttle.allows(now, connectsAndBeats)
	return h.beats.recovering && h.set.Automatic() && (h.beats.inFlight != nil || mayBeSent)
}

// start sends a heartbeat of all leases, if one is wanted; without automatic heartbeats, of the leases that the
// application asked for.
func (h *heartbeats) start(now protocol.Instant) {
	if h.beats.inFlight != nil {
		return
	}
	h.manual.review(now)
	if !h.wanted() || !h.throttle.allows(now, connectsAndBeats) {
		return
	}
	timeout := h.beats.timeout(now, h.schedule.deadline())
	leases, slots := h.manual.leases()
	if h.set.Automatic() {
		leases, slots = h.checkouts.leases.pack()
	}
	beat := &beatInFlight{
		call: h.server.call(now, timeout, h.patience(timeout)), seq: h.server.next(), sent: &protocol.Instant{Mono: now.Mono, Wall: now.Wall},
		leases: leases, slots: slots, counted: h.beats.isDue(), confirmers: h.beats.takeConfirmers(), calls: h.manual.takeCalls(),
	}
	h.beats.begin(beat)
	h.out.order(SendBeat{Seq: beat.seq, Session: beat.session, Leases: leases, Timeout: timeout})
}

// patience returns how long a heartbeat waits for its answer before the session is doubted. An automatic one has all of its
// time: it is repeated anyway, and must not be cut short when the server is only slow.
func (h *heartbeats) patience(timeout time.Duration) time.Duration {
	if h.set.Automatic() {
		return 0
	}
	return patience(timeout)
}

// answered takes the result of a heartbeat: good when every chunk was answered (rule 4).
func (h *heartbeats) answered(now protocol.Instant, in *BeatAnswered) {
	beat := h.beats.completed(in.Seq)
	if beat == nil {
		return
	}
	if h.server.cutByUs(now, beat.call) && !allAnswered(in.Chunks) {
		h.server.drop(beat.session)
		h.resend(now, beat)
		h.beats.cutShort(now.After(h.schedule.deadline()))
		return
	}
	switch r := h.evaluate(now, beat, in.Chunks); r.kind {
	case beatVoid:
		h.resend(now, beat)
	case beatOfOther:
		h.resend(now, beat)
		h.server.otherReplied(now, otherReply{session: beat.session, hello: r.hello, err: r.err})
	case beatFailed:
		h.failed(now, beat, r.err)
	case beatGood:
		h.good(now, &goodBeat{beat: beat, chunks: in.Chunks, recovered: h.beats.recovering || r.restarted}, r.restarted)
	}
}

// allAnswered reports whether the server answered every chunk of a heartbeat.
func allAnswered(chunks []ChunkAnswer) bool {
	return !slices.ContainsFunc(chunks, func(c ChunkAnswer) bool { return c.Err != nil && transport.AsRefusal(c.Err) == nil })
}

// showDeadlines shows the deadline of each lease that a chunk has renewed. Only with heartbeats by hand each has its own.
func (h *heartbeats) showDeadlines(beat *beatInFlight, chunk ChunkAnswer) {
	if h.set.Automatic() {
		return
	}
	leases := &h.checkouts.leases
	for i := chunk.From; i < chunk.From+chunk.Count; i++ {
		if s := beat.slots[i]; leases.holds(s, beat.leases[i]) && leases.renewed[s] == beat.sent {
			h.ref.ShowDeadlineOf(leases.owner[s].ID(), beat.sent.Wall+h.peer.hello.ClientTimeout)
		}
	}
}

// evaluate looks at the answers one by one. Each answered chunk renews its own leases, also when another chunk fails.
func (h *heartbeats) evaluate(now protocol.Instant, beat *beatInFlight, chunks []ChunkAnswer) beatResult {
	var r beatResult
	between := false // the server restarted between two chunks
	for i, chunk := range chunks {
		hello, known := helloOf(chunk.Reply.Hello, chunk.Err)
		if known {
			h.dialer.answeredOver(beat.session, now)
			switch h.server.learn(now, hello, beat.generation) {
			case stale:
				return beatResult{kind: beatVoid}
			case otherServer:
				return beatResult{kind: beatOfOther, hello: hello, err: chunk.Err}
			case restarted:
				r.restarted, between = true, between || i > 0
			}
		}
		if chunk.Err != nil {
			r.kind, r.err = beatFailed, chunk.Err
			continue
		}
		h.server.noteReply(now)
		h.checkouts.leases.renew(beat, chunk)
		h.showDeadlines(beat, chunk)
	}
	if between {
		r.kind = beatVoid
	}
	return r
}

// resend repeats a heartbeat whose result must be ignored. It backs off if the server's identity keeps changing.
func (h *heartbeats) resend(now protocol.Instant, beat *beatInFlight) {
	h.beats.confirmAgain(beat)
	h.manual.again(beat.calls)
	h.beats.resend()
	h.dialer.retryNow()
	if n := h.peer.excessFlaps(); n > 0 {
		h.throttle.hold(connectsAndBeats, now.After(h.jitter.pause(n)))
		h.dialer.planAt(h.throttle.server)
	}
}

// good handles a heartbeat that the server answered for every lease. If the outage counter has still to decide, the
// features are told after its decision.
func (h *heartbeats) good(now protocol.Instant, good *goodBeat, restarted bool) {
	h.server.answered(now, restarted)
	h.ref.CountGoodBeat(*good.beat.sent)
	h.beats.good(*good.beat.sent)
	h.age.breakEnded()
	h.dialer.unplan()
	if h.gate.closed() {
		h.gate.hold(good)
		return
	}
	h.apply(now, good)
}

// decided opens the outage gate, and applies the good heartbeat that waited for the decision.
func (h *heartbeats) decided(now protocol.Instant) {
	if good := h.gate.open(); good != nil {
		h.apply(now, good)
	}
}

// apply tells the features what a good heartbeat brought: leases that the server ended are asked for again, and after a
// break or a restart all others are resumed (rule 8).
func (h *heartbeats) apply(now protocol.Instant, good *goodBeat) {
	leases := &h.checkouts.leases
	h.out.leasesEnded(func(report func(*protocol.Member, messages.Reason)) {
		for _, chunk := range good.chunks {
			leases.end(good.beat, chunk, report)
		}
	})
	if good.recovered {
		h.out.serverBack(leases.afterBeat(good.beat))
	}
	h.manual.answer(now, good.beat.calls)
	h.age.watchAgain(now)
	h.schedule.hold(good.chunks)
}

// failed handles a heartbeat with a chunk that was refused or not answered. Only the failure of the due heartbeat is
// counted, not that of heartbeats sent between two due ones (rule 15).
func (h *heartbeats) failed(now protocol.Instant, beat *beatInFlight, err error) {
	refusal := transport.AsRefusal(err)
	if refusal != nil {
		h.server.noteReply(now)
	} else {
		h.server.drop(beat.session)
	}
	h.beats.confirmAgain(beat)
	h.unconfirmed(err.Error(), refusal != nil)
	h.manual.fail(beat.calls, protocol.TransportError(err.Error()))
	if refusal != nil && h.postpone(now, refusal) {
		return
	}
	if beat.counted && h.beats.isDue() { // otherwise no feature needs heartbeats any more
		h.countFailure(now, err.Error())
	}
	h.server.planRetry(now)
}

// postpone puts the heartbeat off until the retry-after of a refusal. It reports false when there is no retry-after, or
// when the leases would be at risk by then: the heartbeat has failed (rule 4).
func (h *heartbeats) postpone(now protocol.Instant, r *transport.Refusal) bool {
	if r.RetryAfter <= 0 {
		return false
	}
	at := now.After(capRetryAfter(r.RetryAfter, h.peer.hello.ClientTimeout))
	h.throttle.hold(connectsAndBeats, at)
	if oldest, ok := h.checkouts.leases.oldest(now); ok && at.Since(oldest) >= riskAge(h.peer.hello.ClientTimeout) {
		return false
	}
	if h.set.Automatic() {
		h.beats.postpone()
	}
	h.dialer.planAt(at)
	h.age.watch(now) // the answer to the next heartbeat may come too late
	return true
}

// connectFailed fails the due heartbeat, or postpones it, because the server could not be reached. A heartbeat that
// became due after the connect began gets a connect of its own.
func (h *heartbeats) connectFailed(now, began protocol.Instant, err error) {
	refusal := transport.AsRefusal(err)
	switch {
	case !h.beats.isDue():
	case began.Before(h.beats.due.at) && !protocol.Passed(now, h.beats.due.limit):
		h.dialer.retryNow()
	case refusal != nil && h.postpone(now, refusal):
	case refusal == nil && h.beats.wasCut() && !protocol.Passed(now, h.beats.due.limit): // server.planRetry goes on
	default:
		h.countFailure(now, err.Error())
	}
}

// overdue fails the due heartbeat when it has waited for a session until its limit.
func (h *heartbeats) overdue(now protocol.Instant) {
	if protocol.Passed(now, h.beats.waitLimit()) {
		h.countFailure(now, "no answer within "+h.schedule.deadline().String())
	}
}

// countFailure: the due heartbeat failed. Features are told at the first failure, and from Attempts on, while they look
// for other servers; so a million features on a dead server cost nothing at each interval.
func (h *heartbeats) countFailure(now protocol.Instant, cause string) {
	if h.beats.forgives(now) {
		h.beats.forgive()
		h.server.planRetry(now)
		return
	}
	h.beats.fail()
	h.ref.CountFailedBeat()
	h.gate.down(now)
	h.out.publish(messages.ConnectionLost{
		Server: h.ref.Server(), Failed: h.beats.failed, Cause: cause, Features: h.checkouts.leases.beaten(),
	})
	if h.beats.failed == 1 || h.beats.failed >= h.set.Attempts {
		h.out.tellAll(h.checkouts.leases.all(), h.lastFailure(cause))
	}
	h.age.watchAgain(now) // the wall clock may run faster than the timer
	h.server.planRetry(now)
}

// lastFailure returns what the features are told of failed heartbeats.
func (h *heartbeats) lastFailure(cause string) *protocol.HeartbeatFailed {
	return &protocol.HeartbeatFailed{
		Connection: h.ref, Failed: h.beats.failed, Cause: cause, Others: h.peer.elsewhere(h.set.Servers),
	}
}

// confirm lets a feature in a failover round ask by a heartbeat whether the server still has its lease. When the
// connection is not recovering, it has already told the feature what became of its lease.
func (h *heartbeats) confirm(now protocol.Instant, o *protocol.TakeOrder) {
	if !h.beats.recovering {
		return
	}
	h.beats.confirm(confirmer{member: o.Member, take: o.Take, began: o.Began})
	h.dialer.retryNow()
	if !h.throttle.allows(now, connectsAndBeats) {
		h.unconfirmed("the server asked to wait", true)
	}
}

// unconfirmed tells the features that wait for a heartbeat that it was not answered.
func (h *heartbeats) unconfirmed(cause string, reached bool) {
	h.out.unconfirmed(h.beats.takeConfirmers(), cause, func(began protocol.Instant) bool {
		return reached || h.peer.repliedSince(began)
	})
}

// clockJumped beats now, and looks at the age of the leases: the wall clock says how old they are (rule 17).
func (h *heartbeats) clockJumped(now protocol.Instant) {
	if !h.set.Automatic() || h.checkouts.leases.beaten() == 0 {
		return
	}
	h.beats.clockJumped(now)
	h.dialer.retryNow()
	h.age.checkNow(now)
}
