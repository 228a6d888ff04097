package seats

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// Allocator decides who gets seats, and what becomes of leases and requests. It knows no network, goroutine or clock: time
// comes in with each call, and what a ledger has to keep goes out in a batch.
//
// Beat may be called from any goroutine. One goroutine owns everything else: in a server it is the committer of the engine.
type Allocator struct {
	cfg     Config
	clients *Clients
	pools   *pools
	leases  *leases
	policy  *policy
	queues  queues

	unknownFeatures tally         // takes that name no pool
	audit           []AuditRecord // of this round
}

// New returns an allocator without leases. It shares clients with the goroutines of calls.
func New(cfg Config, clients *Clients) *Allocator {
	a := &Allocator{cfg: cfg, clients: clients, pools: newPools()}
	a.leases = newLeases(cfg, clients, a.pools)
	a.policy = &policy{limits: cfg.Limits, retry: cfg.RetryAfter, leases: a.leases, pools: a.pools}
	a.queues = newQueues(a)
	a.pools.set(cfg.Features)
	return a
}

// Load replays a ledger and returns the result of [Replay.Done]. The ledger is open afterwards.
func (a *Allocator) Load(l ledger.Ledger) (last ledger.Record, err error) {
	r := NewReplay(a)
	if err := l.Open(r.Add); err != nil {
		return ledger.Record{}, err
	}
	return r.Done(), nil
}

// Start records a new start of the server and returns the record. last is the record of the previous start.
func (a *Allocator) Start(last ledger.Record, serverID string, wall int64) ledger.Record {
	r := ledger.Record{Kind: ledger.RecordStart, ServerID: serverID, Wall: wall, Epoch: last.Epoch + 1}
	a.leases.journal.add(r, last.Seq)
	return r
}

// RecordTime records the latest wall time seen and returns the number of the record. The previous record of a time, if
// any, is dropped.
func (a *Allocator) RecordTime(wall int64, before uint64) uint64 {
	return a.leases.journal.add(ledger.Record{Kind: ledger.RecordTime, Wall: wall}, before)
}

// Pending reports whether there is anything for the ledger.
func (a *Allocator) Pending() bool { return !a.leases.journal.empty() }

// Batch returns what the ledger has to keep before anything decided since the last Committed is answered.
func (a *Allocator) Batch() ledger.Batch { return a.leases.journal.batch }

// Committed says that the ledger has the batch.
func (a *Allocator) Committed() { a.leases.journal.committed() }

// AnswerCalls answers the blocked calls that were decided. Call it after the ledger has the batch.
func (a *Allocator) AnswerCalls() { a.queues.answerCalls() }

// PassAudit hands over the audit records of this round. pass returns an empty slice for the next round. Call it after
// the ledger has the batch.
func (a *Allocator) PassAudit(pass func([]AuditRecord) (empty []AuditRecord)) {
	a.audit = pass(a.audit)
}

// Beat renews the leases among the packed ids that the client holds, and returns the offsets in ids of all other
// leases. It may be called from any goroutine, and allocates nothing when the client holds all leases.
func (a *Allocator) Beat(c *Client, ids []byte, now time.Duration) (missed []int) {
	return a.leases.table.beat(c.index, ids, now)
}

// AllowTakes counts n takes of a client, or refuses them when the client asks too often.
func (a *Allocator) AllowTakes(c *Client, n int, now time.Duration) error {
	err := a.AllowReturns(c, n, now)
	if err != nil {
		a.unknownFeatures.deny(messages.RateLimited, n)
	}
	return err
}

// AllowReturns counts n returns of a client, or refuses them when the client asks too often.
func (a *Allocator) AllowReturns(c *Client, n int, now time.Duration) error {
	if wait := c.rate.take(n, now, a.cfg.Limits.Rate, a.cfg.Limits.Burst); wait > 0 {
		return refusedAt(LimitRate, messages.RateLimited, "too many seats taken and returned", wait)
	}
	return nil
}

// Take decides about one take of a client, and carries out the decision.
func (a *Allocator) Take(c *Client, t Take, now time.Duration) Outcome {
	d := a.takeOrRepeat(c, t)
	a.carryOut(&d, now)
	return d.Outcome
}

// Wait decides about a take that may wait for seats, or puts it into the queue of its feature. When it waits, waits is
// true and the call is answered later.
func (a *Allocator) Wait(c *Client, t Take, call *BlockedCall, now time.Duration) (o Outcome, waits bool) {
	if w := a.queues.of(c, t.Request); w != nil && t.Fault == "" {
		return a.queues.reattach(w, t, call, now)
	}
	d := a.takeOrRepeat(c, t)
	switch {
	case d.Reason != messages.NoSeats || a.policy.servable(c, t).Result == Refused:
	case c.waiting >= a.cfg.Limits.ClientWaiting:
		d = a.policy.later(d, LimitClientWaiting, messages.RateLimited, "too many checkouts of this client wait in queues")
	case len(a.queues.waiters) >= a.cfg.Limits.Waiting:
		d = a.policy.later(d, LimitWaiting, messages.Busy, "too many checkouts wait in queues")
	case c.account.waiting >= a.cfg.Limits.IdentityWaiting:
		d = a.policy.later(d, LimitIdentityWaiting, messages.RateLimited, "too many checkouts of this identity wait in queues")
	default:
		a.queues.join(d, call)
		return Outcome{}, true
	}
	a.carryOut(&d, now)
	return d.Outcome, false
}

// takeOrRepeat decides about a take whose call is not blocked. A waiter of the same request leaves its queue.
func (a *Allocator) takeOrRepeat(c *Client, t Take) decision {
	if t.Fault == "" {
		a.queues.leave(a.queues.of(c, t.Request), Outcome{}, ErrOvertaken)
	}
	return a.policy.takeOrRepeat(c, t)
}

// carryOut makes the lease of a grant, in place of the leases that it replaces. A repeat renews its lease: the client
// counts the age of the lease from here, too. Then it counts and audits the decision.
func (a *Allocator) carryOut(d *decision, now time.Duration) {
	switch {
	case d.isNew():
		number := a.leases.grant(d, now)
		for _, request := range d.take.Replaces {
			a.cancel(d.client, request, messages.Replaced, now)
		}
		a.leases.recordGrant(number, d)
		if d.want.group != 0 {
			d.pool.queue.reviewAll()
		}
	case d.Result == Granted:
		a.leases.table.renew(d.known-1, now)
	}
	a.publish(d)
}

// publish counts a refusal, and audits a refusal or a new grant. Refused takes that name no pool are counted together, so
// that clients cannot make up more and more names.
func (a *Allocator) publish(d *decision) {
	a.clients.counts.Count(d.Limit)
	switch {
	case d.Result == Refused && d.pool != nil:
		d.pool.tally.deny(d.Reason, 1)
	case d.Result == Refused:
		a.unknownFeatures.deny(d.Reason, 1)
	}
	if a.cfg.Audit && (d.Result == Refused || d.isNew()) {
		a.addAudit(d.client, d.pool, d.auditRecord(a.clients))
	}
}

// Checkin returns leases and requests of a client. Leases that are unknown or have ended are ignored, and so are requests
// whose leases have ended. A request that is unknown is cancelled, so that it is not executed when it arrives. When
// Checkin refuses, what the server knows has been returned: the client repeats the call.
func (a *Allocator) Checkin(c *Client, leases []messages.LeaseID, requests []messages.RequestID, now time.Duration) error {
	for _, lease := range leases {
		if number, ok := a.leases.owned(c, lease); ok && a.leases.at(number).state == entryHeld {
			a.end(number, messages.Returned, now)
		}
	}
	var unknown []messages.RequestID
	for _, request := range requests {
		if _, known := a.leases.lookup(c, request); known || a.queues.of(c, request) != nil {
			a.cancel(c, request, messages.Returned, now)
		} else {
			unknown = append(unknown, request)
		}
	}
	for _, request := range unknown {
		if err := a.allowUnknown(c, now); err != nil {
			return err
		}
		a.cancel(c, request, messages.Returned, now)
	}
	return nil
}

// allowUnknown counts the return of a request that is unknown, or refuses it: each such request leaves a tombstone, and a
// client can make up as many as it likes.
func (a *Allocator) allowUnknown(c *Client, now time.Duration) error {
	switch {
	case c.account.entries >= a.cfg.Limits.IdentityLeases:
		return refusedAt(LimitIdentityLeases, messages.RateLimited, "too many requests of the identity are remembered", a.cfg.RetryAfter)
	case a.leases.full(1):
		return refusedAt(LimitLeases, messages.Busy, "the server remembers too many requests", a.cfg.RetryAfter)
	default:
		return c.account.allowUnknown(now, a.cfg.Limits)
	}
}

// cancel ends the lease of a request, or its wait in a queue. A request that is unknown leaves a tombstone.
func (a *Allocator) cancel(c *Client, request messages.RequestID, reason messages.Reason, now time.Duration) {
	a.queues.abandon(a.queues.of(c, request), Outcome{Result: Gone, Reason: reason})
	number, known := a.leases.lookup(c, request)
	switch {
	case !known:
		a.leases.cancelUnknown(c, request, reason, now)
	case a.leases.at(number).state == entryHeld:
		a.end(number, reason, now)
	}
}

// end ends a held lease.
func (a *Allocator) end(number uint32, reason messages.Reason, now time.Duration) {
	a.endAs(auditKindOf(reason), number, reason, now)
}

// endAs ends a held lease. The audit names the end by this kind.
func (a *Allocator) endAs(kind AuditKind, number uint32, reason messages.Reason, now time.Duration) {
	a.leases.end(number, reason, now)
	a.queues.markDirty(a.leases.at(number).pool)
	if a.cfg.Audit {
		a.auditEnd(number, kind)
	}
}

// End ends a held lease, whoever holds it, on behalf of an administrator. It returns ErrNoLease when no lease with this id
// is held.
func (a *Allocator) End(lease messages.LeaseID, reason messages.Reason, now time.Duration) error {
	number, held := a.leases.isHeld(lease)
	if !held {
		return ErrNoLease
	}
	a.endAs(AuditRelease, number, reason, now)
	a.queues.markAllDirty() // a waiting take that replaces this lease may need a different decision now
	return nil
}

// ReasonFor reports whether a client holds a lease that its heartbeat missed, and if not, why. A lease of another
// client is unknown.
func (a *Allocator) ReasonFor(c *Client, lease messages.LeaseID) (reason messages.Reason, held bool) {
	number, ok := a.leases.owned(c, lease)
	if !ok {
		return messages.Unknown, false
	}
	e := a.leases.at(number)
	return e.reason, e.state == entryHeld
}

// Expire ends up to limit leases whose last heartbeat is older than the client timeout, and reports whether there may be
// more.
func (a *Allocator) Expire(now time.Duration, limit int) (more bool) {
	overdue := a.leases.table.overdue(now-a.cfg.ClientTimeout, limit)
	for _, number := range overdue {
		a.pools.all[a.leases.at(number).pool].tally.expire()
		a.end(number, messages.Expired, now)
	}
	return len(overdue) == limit
}

// EndExpired ends up to limit leases of features whose licences have all expired, and of those whose own licence has ended
// and for which the licences in force have no room. So a licence ends whatever becomes of its file. EndExpired reports
// whether there may be more.
func (a *Allocator) EndExpired(now time.Duration, limit int) (more bool) {
	at, coming := a.pools.at.UnixMilli(), licenseEnds{}
	for number := range a.leases.used {
		e := a.leases.at(number)
		if e.state != entryHeld {
			continue
		}
		pool := a.pools.all[e.pool]
		if !pool.expired && !(e.outlived(at) && pool.exceeded(e.version)) {
			if !e.outlived(at) {
				coming.granted(e.until)
			}
			continue
		}
		if limit--; limit < 0 {
			return true
		}
		a.end(number, messages.FeatureExpired, now)
	}
	a.leases.ends.looked(coming.next)
	return false
}

// Forget frees up to limit tombstones that are two client timeouts old, and reports whether there may be more.
func (a *Allocator) Forget(now time.Duration, limit int) (more bool) {
	for range limit {
		if !a.leases.forget(now - 2*a.cfg.ClientTimeout) {
			return false
		}
	}
	return true
}

// ServeQueues decides about up to limit waiters for which seats may be free now, and reports whether there may be more.
func (a *Allocator) ServeQueues(now time.Duration, limit int) (more bool) {
	return a.queues.serve(now, limit)
}

// ExpireWaiters removes the waiters whose clients did not repeat their requests.
func (a *Allocator) ExpireWaiters(now time.Duration) { a.queues.expire(now) }

// SetFeatures replaces the list of features. Refresh brings the new list into force.
func (a *Allocator) SetFeatures(features []license.Feature) {
	a.pools.set(features)
	a.leases.ends.change()
	a.queues.markAllDirty() // seats may have been added, or a feature may have lost all its seats
}

// Refresh brings blocks into force that have started by this time, and removes blocks that have expired. It reports
// whether any block has expired since the last Refresh, and whether leases may be held whose licences have ended:
// EndExpired ends them.
func (a *Allocator) Refresh(at time.Time) (expired, overdue bool) {
	started, over := a.pools.counts()
	overdue = a.pools.refresh(at)
	nowStarted, nowOver := a.pools.counts()
	if nowStarted != started || nowOver != over {
		a.leases.ends.change()
		a.queues.markAllDirty() // there may be more seats, or waiting may be pointless now
	}
	return nowOver > over, overdue || a.leases.ends.due(at.UnixMilli())
}

// Held returns how many leases are held.
func (a *Allocator) Held() int { return a.leases.held }

// Remembered returns how many ended leases and cancelled requests are remembered.
func (a *Allocator) Remembered() int { return a.leases.tombstones.len() }

// Queued returns how many waiters, takes counted for clients, unanswered calls and queues to be served there are. It is
// 0 when no take waits and nothing is left of earlier waits.
func (a *Allocator) Queued() int { return a.queues.size() }

// Status returns the pools in the list and those that left it with seats held, in the order of their names.
func (a *Allocator) Status() []PoolStatus { return a.pools.status() }

// Holders returns a page of the leases that are held, in no particular order.
func (a *Allocator) Holders(query HoldersQuery) HoldersPage { return a.leases.holders(query) }

// Sample returns the values of each pool for the metrics, and last the values of takes that named no pool.
func (a *Allocator) Sample() []PoolSample {
	all := make([]PoolSample, 0, len(a.pools.all)+1)
	for _, p := range a.pools.all {
		all = append(all, p.sample())
	}
	return append(all, PoolSample{Denied: a.unknownFeatures.denied})
}

// auditEnd collects the audit record of the end of a lease whose seats are free already.
func (a *Allocator) auditEnd(number uint32, kind AuditKind) {
	e := a.leases.at(number)
	a.addAudit(a.clients.get(e.client), a.pools.all[e.pool], AuditRecord{
		Kind: kind, Reason: e.reason, Version: e.version.version(), Count: int(e.count), Overdrawn: e.overdrawn,
		Lease: a.leases.id(number),
	})
}

// addAudit keeps an audit record until the decision is durable. p is nil when the take names no pool.
func (a *Allocator) addAudit(c *Client, p *pool, r AuditRecord) {
	r.Holder, r.Info = c.holder, c.info.Load()
	if p != nil {
		r.Feature, r.Used, r.Seats = p.name, p.used, p.licensed()
	}
	a.audit = append(a.audit, r)
}
