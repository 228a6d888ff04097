package connection

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// checkouts keeps the promise about seats (rules 13 and 14): every request that the server may have executed is either
// held (leases), or asked for (takes), or to be returned (returns). What is none of these any more is still named when
// the checkout asks again (past). Whatever moves a request from one of the four to another is a method here.
type checkouts struct {
	leases   leaseTable
	takes    pendingTakes
	returns  pendingReturns
	past     pastRequests
	refusals []refusedReturn // the server may still have these seats
	throttle *throttle       // the retry-after of a take is forgotten when the take ends
}

func newCheckouts(t *throttle) checkouts {
	return checkouts{
		leases: newLeaseTable(), takes: newPendingTakes(), returns: newPendingReturns(), past: newPastRequests(), throttle: t,
	}
}

// cutCalls cuts the calls on a session short, because this connection closes it or doubts it: what they asked for is queued
// again. It reports whether a take among them could go elsewhere, so that its time runs out.
func (k *checkouts) cutCalls(over transport.Session, automatic bool) (bounded bool) {
	k.returns.cutCalls(over)
	return k.takes.cutCalls(over, automatic)
}

// anyOn reports whether a call is under way on a session.
func (k *checkouts) anyOn(s transport.Session) bool { return k.takes.anyOn(s) || k.returns.anyOn(s) }

// doubtAt returns when the session is doubted because of a call under way on it; zero: never.
func (k *checkouts) doubtAt(over transport.Session, heard protocol.Instant) protocol.Instant {
	return protocol.Sooner(k.takes.doubtAt(over, heard), k.returns.doubtAt(over, heard))
}

// idle reports whether nothing is asked for and nothing is to be returned.
func (k *checkouts) idle() bool { return k.takes.empty() && k.returns.empty() }

// earlier returns the requests that a new one of a feature replaces (rule 9): all that the feature ever asked for at this
// server, as far as transport.MaxReplaces allows. What may hold seats goes before what the server had back.
func (k *checkouts) earlier(f *protocol.Member) []messages.RequestID {
	requests := k.past.settled(f.ID())
	for _, request := range k.unsettled(f) {
		requests = slices.DeleteFunc(requests, func(r messages.RequestID) bool { return r == request })
		requests = append(requests, request)
	}
	return requests[max(0, len(requests)-transport.MaxReplaces):]
}

// unsettled returns the requests of a feature that may hold seats at this server.
func (k *checkouts) unsettled(f *protocol.Member) []messages.RequestID {
	requests := k.returns.requests(f.ID())
	s, ok := k.leases.slot(f)
	if ok && k.leases.request[s] != (messages.RequestID{}) && !slices.Contains(requests, k.leases.request[s]) {
		requests = append(requests, k.leases.request[s])
	}
	return requests
}

// owe enters requests that other connections say this server may have executed. Those that are held or asked for here are
// no doubt executed rightly: returning them would free the seats of a feature that lives (rule 13).
func (k *checkouts) owe(now protocol.Instant, returns []protocol.Return) {
	for _, r := range returns {
		if !k.wants(r) {
			k.returns.add(now, r.Claim, r.Request)
		}
	}
}

// wants reports whether a request is held here, or asked for.
func (k *checkouts) wants(r protocol.Return) bool {
	if t := k.takes.of[r.Claim]; t != nil && t.request == r.Request {
		return true
	}
	s, ok := k.leases.index[r.Claim]
	return ok && k.leases.request[s] == r.Request && (k.leases.hasLease(s) || k.leases.local[s])
}

// reviveExpired enters the returns of a feature again that were given up: the feature asks this server again, which may
// hold their seats after a restart. The take replaces them, or they are returned after it.
func (k *checkouts) reviveExpired(now protocol.Instant, f *protocol.Member) {
	for _, request := range k.past.takeExpired(f.ID()) {
		k.returns.add(now, f.ID(), request)
	}
}

// ask enters a take. The take replaces what the feature had here before. A take that waits in the queue of the server
// replaces nothing: its feature holds nothing, and pending returns go on.
func (k *checkouts) ask(now protocol.Instant, o *protocol.TakeOrder, request messages.RequestID) *take {
	k.reviveExpired(now, o.Member)
	var replaces []messages.RequestID
	if o.Mode != protocol.WaitMode {
		replaces = k.earlier(o.Member)
	}
	t := &take{
		member: o.Member, number: o.Take, mode: o.Mode, request: request, replaces: replaces, began: o.Began, timeout: o.Timeout,
		answered: o.Answered,
	}
	if o.Mode == protocol.RetakeMode {
		k.leases.add(o.Member)
	}
	k.takes.add(t)
	return t
}

// replacing reports whether a pending take replaces this request. Then the request is not returned: another client
// could get the seats before the take is decided (rule 13).
func (k *checkouts) replacing(r *pendingReturn) bool {
	t := k.takes.of[r.claim]
	return t != nil && slices.Contains(t.replaces, r.request)
}

// drop removes a take that brought no seats. The requests that it would have replaced are to be returned, and its own
// request if that was sent more than sent times.
func (k *checkouts) drop(now protocol.Instant, t *take, sent int) {
	k.remove(t)
	k.returns.enqueueClaim(t.member.ID())
	if t.tries > sent {
		k.past.track(t.member)
		k.returns.add(now, t.member.ID(), t.request)
	}
}

// cancel ends a take that nobody wants any more: the server may have executed its request if it was sent at all.
func (k *checkouts) cancel(now protocol.Instant, t *take) { k.drop(now, t, 0) }

// refused ends a take that the server refused for good: the server may have executed an earlier, unanswered sending.
func (k *checkouts) refused(now protocol.Instant, t *take) { k.drop(now, t, 1) }

// granted ends a take that brought seats. The requests that the take replaced are not to be returned any more.
func (k *checkouts) granted(t *take, sent *protocol.Instant, o transport.Outcome) {
	k.remove(t)
	k.replaced(t)
	s := k.leases.add(t.member)
	if o.Local {
		k.leases.grantLocal(s, t.number, t.request)
	} else {
		k.leases.grant(s, t.number, t.request, o.Lease, sent)
	}
}

// replaced ends the returns of the requests that a take replaced.
func (k *checkouts) replaced(t *take) {
	if len(t.replaces) == 0 {
		return
	}
	k.returns.replaced(t.member.ID(), t.replaces)
	k.past.track(t.member)
	for _, request := range t.replaces {
		k.past.settle(t.member.ID(), request)
	}
}

// refusedReturn is a return that the server refused for good.
type refusedReturn struct {
	at    protocol.Instant
	local bool // no server frees the seats by itself
}

// refusedBack ends the returns of a batch that the server refused for good.
func (k *checkouts) refusedBack(now protocol.Instant, b *returnBatch, clientTimeout time.Duration) {
	k.forgetRefusals(now, clientTimeout)
	for _, r := range b.returns {
		k.refusals = append(k.refusals, refusedReturn{at: now, local: r.local})
	}
	k.takenBack(b)
}

// forgetRefusals drops the refused returns whose seats the server has freed by itself.
func (k *checkouts) forgetRefusals(now protocol.Instant, clientTimeout time.Duration) {
	k.refusals = slices.DeleteFunc(k.refusals, func(r refusedReturn) bool {
		return !r.local && clientTimeout > 0 && !now.Before(r.at.After(clientTimeout))
	})
}

// takenBack ends the returns of a batch: the server has the seats back, or will never take them.
func (k *checkouts) takenBack(b *returnBatch) {
	for _, r := range b.returns {
		k.past.settle(r.claim, r.request)
		k.returns.done(r)
	}
}

func (k *checkouts) remove(t *take) {
	k.takes.remove(t)
	k.throttle.forgetRepeat(t.member.ID())
}

// overtaken reports whether a feature has asked for seats here after it gave the order to release others.
func (k *checkouts) overtaken(o *protocol.ReleaseOrder) bool {
	s, ok := k.leases.slot(o.Member)
	t := k.takes.of[o.Member.ID()]
	return ok && (k.leases.number[s] > o.UpTo || t != nil && t.mode == protocol.RetakeMode && t.number > o.UpTo)
}

// release returns what a record holds, except the lease that the order keeps at this connection. A feature that keeps
// nothing here leaves the table.
func (k *checkouts) release(now protocol.Instant, s int32, o *protocol.ReleaseOrder, here bool) {
	switch {
	case !here:
		k.leave(now, o.Member)
	case k.leases.number[s] != o.Held && k.leases.hasLease(s):
		k.past.track(o.Member)
		k.returns.add(now, o.Member.ID(), k.leases.request[s])
		k.leases.drop(s)
	}
}

// leave returns what a feature holds and takes it out of the table.
func (k *checkouts) leave(now protocol.Instant, f *protocol.Member) {
	if s, ok := k.leases.slot(f); ok {
		k.past.track(f)
		k.returnHeld(now, &k.returns, s)
		k.leases.remove(s)
	}
}

// returnHeld enters the request of a record among the given returns.
func (k *checkouts) returnHeld(now protocol.Instant, to *pendingReturns, s int32) {
	if id, request := k.leases.owner[s].ID(), k.leases.request[s]; k.leases.local[s] {
		to.addLocal(now, id, request)
	} else {
		to.add(now, id, request)
	}
}

// ended forgets a feature that asks for nothing any more. What it has to return stays.
func (k *checkouts) ended(f *protocol.Member) { k.past.forget(f.ID()) }

// leaveAll calls leave for every feature without a local licence, and returns those features.
func (k *checkouts) leaveAll(now protocol.Instant) []*protocol.Member {
	all := k.leases.all()
	for _, f := range all {
		k.leave(now, f)
	}
	return all
}

// leaveEnded calls leave for every feature that has ended.
func (k *checkouts) leaveEnded(now protocol.Instant) {
	for _, f := range k.leases.owner {
		if f != nil && f.State().Final() {
			k.leave(now, f)
		}
	}
	k.past = k.past.living()
}

// moveAway removes all features without a local licence from the table and returns them, for the connection of the
// replacement. The seats that they had are still to be returned to this server (rules 7 and 14).
func (k *checkouts) moveAway(now protocol.Instant) *protocol.TakenOver {
	moved := &protocol.TakenOver{Members: k.leases.all()}
	for _, f := range moved.Members {
		for _, request := range k.unsettled(f) {
			moved.Returns = append(moved.Returns, protocol.Return{Claim: f.ID(), Request: request})
		}
		s, _ := k.leases.slot(f)
		moved.Renewed = append(moved.Renewed, k.leases.renewed[s])
		k.leave(now, f)
	}
	return moved
}

// takeOver registers features whose server was replaced by this one. Their next checkout names the requests they held
// there in Replaces: a different server ignores them, but the same server under a new ServerID then grants no second
// seat. A feature without a lease keeps the age of its last lease (rule 16). Features that have ended are skipped, since
// they will never leave.
func (k *checkouts) takeOver(now protocol.Instant, in *protocol.TakenOver) {
	for i, f := range in.Members {
		if f.State().Live() {
			k.leases.takeOver(f, in.Renewed[i])
		}
	}
	k.owe(now, in.Returns)
}

// forgetTakes forgets the takes without returning their requests: another connection has them now.
func (k *checkouts) forgetTakes() { k.takes = newPendingTakes() }

// timeOut drops the leases that are at least as old as age, and returns the features.
func (k *checkouts) timeOut(now protocol.Instant, age time.Duration) []*protocol.Member {
	old := k.leases.olderThan(now, age)
	for _, f := range old {
		if s, ok := k.leases.slot(f); ok {
			k.leases.markTimedOut(s)
			k.returns.add(now, f.ID(), k.leases.request[s])
		}
	}
	return old
}

// doubtful returns the requests that a server found at an address of this one, whichever it is, may have executed:
// unanswered takes and pending returns.
func (k *checkouts) doubtful() []protocol.Return {
	var doubtful []protocol.Return
	for _, r := range k.returns.all() {
		doubtful = append(doubtful, protocol.Return{Claim: r.claim, Request: r.request})
	}
	for _, t := range k.takes.all() {
		if t.tries > 0 {
			doubtful = append(doubtful, protocol.Return{Claim: t.member.ID(), Request: t.request})
		}
	}
	return doubtful
}

// expire drops returns older than the client timeout.
func (k *checkouts) expire(now protocol.Instant, clientTimeout time.Duration) {
	for _, r := range k.returns.expire(now, clientTimeout, k.leases.lacks) {
		k.past.expire(r.claim, r.request)
	}
}

// rebuilt returns the checkouts of the machine that replaces one that panicked. The takes are over: a request that was
// sent is to be returned, and its feature asks again. The seats of features that have ended are to be returned, too:
// the order to release them may be lost.
func (k *checkouts) rebuilt(now protocol.Instant, t *throttle) checkouts {
	n := newCheckouts(t)
	n.returns, n.past, n.refusals = k.returns.rebuilt(), k.past.living(), k.refusals
	for s, f := range k.leases.owner {
		switch {
		case f == nil:
		case f.State().Final():
			k.returnHeld(now, &n.returns, int32(s))
		default:
			n.leases.copySlot(n.leases.add(f), &k.leases, int32(s))
		}
	}
	for _, take := range k.takes.all() {
		if take.tries > 0 {
			n.returns.add(now, take.member.ID(), take.request)
		}
	}
	return n
}
