package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// dueBeat is a beat that counts: it fails when limit passes.
type dueBeat struct{ at, limit Instant }

// flight is a beat under way. There is never more than one.
type flight struct {
	seq        uint64
	counted    bool     // it is the due beat
	sent       *Instant // a lease's age counts from here; on its own, since the leases keep it
	life       uint64
	session    transport.Session
	leases     []messages.LeaseID
	slots      []int32 // the slot of each lease when the beat was sent
	askers     []asker
	calls      []beatCall
	superseded bool // we changed sessions meanwhile: what it brings counts for nothing
}

// asker is a sweeping feature that asks the origin by a beat of its lease (rule 6).
type asker struct {
	member *Member
	take   uint32
	began  Instant // of the sweep
}

// beatCall is the application's own heartbeat.
type beatCall struct {
	member *Member
	call   *Reply
}

// beatDue: the heartbeat actor says so. While an uncounted beat is under way it waits for its result. A beat that the
// server asked to wait is due when the wait is over.
func (c *connection) beatDue(now Instant) []Effect {
	if c.due != nil || c.pacing() == 0 {
		return nil
	}
	if c.postponed = now.before(c.notBefore); c.postponed {
		c.retryAt = sooner(c.retryAt, c.notBefore)
		return nil
	}
	c.due = &dueBeat{at: now, limit: now.after(c.beatDeadline())}
	c.urgent = true
	return nil
}

// wantsBeat reports whether a beat is to be sent now.
func (c *connection) wantsBeat() bool {
	return c.due != nil || c.recover && c.set.automatic() && c.table.beaten() > 0 || len(c.askers) > 0 || len(c.calls) > 0
}

// startBeat sends a beat of all leases; without automatic heartbeats, of those the application asked for.
func (c *connection) startBeat(now Instant) []Effect {
	if c.flight != nil || !c.wantsBeat() || now.before(c.notBefore) {
		return nil
	}
	timeout := c.beatDeadline()
	if c.due != nil {
		timeout = max(c.due.limit.mono-now.mono, time.Millisecond)
	}
	leases, slots := c.beatList()
	c.seq++
	c.flight = &flight{
		seq: c.seq, counted: c.due != nil, sent: &Instant{now.mono, now.wall}, life: c.life, session: c.session,
		leases: leases, slots: slots, askers: c.askers, calls: c.calls,
	}
	c.askers, c.calls, c.recover = nil, nil, false
	return []Effect{sendBeat{seq: c.seq, session: c.session, leases: leases, timeout: timeout}}
}

func (c *connection) beatList() ([]messages.LeaseID, []int32) {
	if c.set.automatic() {
		return c.table.pack()
	}
	var leases []messages.LeaseID
	var slots []int32
	for _, b := range c.calls {
		if s, ok := c.table.slot(b.member); ok && c.table.hasLease(s) {
			leases, slots = append(leases, c.table.lease[s]), append(slots, s)
		}
	}
	return leases, slots
}

// beatAnswered takes the result of a beat: good when every chunk was answered (rule 4).
func (c *connection) beatAnswered(now Instant, in *beatAnswered) []Effect {
	fl := c.flight
	if fl == nil || in.seq != fl.seq {
		return nil
	}
	c.flight = nil
	if fl.superseded {
		c.restore(now, fl)
		if c.due != nil {
			c.due.limit = now.after(c.beatDeadline()) // we cut it short: the next one has all of its time
		}
		return nil
	}
	answer, effects := c.judge(now, fl, in.chunks)
	switch {
	case answer.void:
		c.restore(now, fl)
	case answer.stranger != nil:
		c.restore(now, fl)
		effects = append(effects, c.strangerReplied(fl.session, *answer.stranger, nil)...)
	case answer.mixed:
		c.restore(now, fl)
	case answer.failure != nil:
		effects = append(effects, c.beatFailed(now, fl, answer.failure)...)
	default:
		effects = append(effects, c.beatGood(now, fl, in.chunks, answer.restarted)...)
	}
	return effects
}

// beatAnswer is what the answers to the chunks of a beat come to.
type beatAnswer struct {
	void      bool             // from an older life of the server: it counts for nothing
	stranger  *transport.Hello // another server answered
	mixed     bool             // the server restarted between two chunks: the whole list is beaten again
	restarted bool             // all of it tells of a new life
	failure   error            // a chunk was refused, or not answered
}

// judge looks at the answers one by one. Each answered chunk renews its own leases.
func (c *connection) judge(now Instant, fl *flight, chunks []chunkAnswer) (a beatAnswer, effects []Effect) {
	for i, chunk := range chunks {
		hello, ok := said(chunk.reply.Hello, chunk.err)
		if !ok {
			a.failure = chunk.err
			continue
		}
		verdict, learnt := c.learn(now, hello, fl.life)
		effects = append(effects, learnt...)
		switch verdict {
		case staleLife:
			a.void = true
			return a, effects
		case stranger:
			a.stranger = &hello
			return a, effects
		case newLife:
			a.restarted = true
			a.mixed = a.mixed || i > 0
		}
		if chunk.err != nil {
			a.failure = chunk.err
			continue
		}
		c.hear(now) // also when another chunk fails
		c.renew(fl, chunk)
	}
	return a, effects
}

// said returns what the server said of itself in a reply, or in the refusal that came instead (rule 7).
func said(reply transport.Hello, err error) (transport.Hello, bool) {
	if err == nil {
		return reply, true
	}
	if r := transport.AsRefusal(err); r != nil && r.Hello.Identity.Valid() {
		return r.Hello, true
	}
	return transport.Hello{}, false
}

// restore makes the beat that counts for nothing be sent again: at once, unless the server changes with each reply.
func (c *connection) restore(now Instant, fl *flight) {
	c.askers = append(fl.askers, c.askers...)
	c.calls = append(fl.calls, c.calls...)
	c.recover, c.urgent = c.broken, true
	if c.moves > patience {
		c.notBefore = later(c.notBefore, now.after(backoff(c.moves-patience, c.rng.Float64(), retryCap(c.set))))
		c.retryAt = c.notBefore
	}
}

// renew notes that a chunk was acknowledged: its leases live on from when the beat was sent. Those that ended keep the
// age that they had (rule 16).
func (c *connection) renew(fl *flight, chunk chunkAnswer) {
	at := fl.sent
	gone := make(map[messages.LeaseID]bool, len(chunk.reply.Ended))
	for _, ended := range chunk.reply.Ended {
		gone[ended.Lease] = true
	}
	for i := chunk.from; i < chunk.from+chunk.count; i++ {
		if s := fl.slots[i]; c.table.holds(s, fl.leases[i]) && !gone[fl.leases[i]] {
			c.table.renewed[s] = at
		}
	}
}

// beatGood: the server answered for every lease. A connection that was broken, or whose server restarted, recovers: what
// the server ended is asked for again, everything else is resumed (rule 8).
func (c *connection) beatGood(now Instant, fl *flight, chunks []chunkAnswer, restarted bool) []Effect {
	good := &goodBeat{flight: fl, chunks: chunks, recovered: c.broken || restarted}
	c.answered(now, restarted)
	c.acked = *fl.sent
	c.ref.CountGoodBeat(*fl.sent)
	c.due, c.broken, c.recover, c.atRisk, c.checking = nil, false, false, false, false
	c.postponed, c.retryAt = false, Instant{}
	if !c.deciding() {
		return c.actOn(now, good)
	}
	if waiting := c.outage.good; waiting != nil {
		good.recovered = good.recovered || waiting.recovered
		good.flight.calls = append(good.flight.calls, waiting.flight.calls...)
	}
	c.outage.good = good
	return nil
}

// actOn tells the features what a good beat brought.
func (c *connection) actOn(now Instant, good *goodBeat) []Effect {
	effects := c.endLeases(good.flight, good.chunks)
	if good.recovered {
		effects = append(effects, c.resumeAll(good.flight)...)
	}
	for _, b := range good.flight.calls {
		effects = append(effects, c.answerCall(now, b)...)
	}
	c.riskAt = Instant{}
	c.armRisk(now)
	return append(effects, c.notedHint(good.chunks)...)
}

// resumeAll tells the features what the good beat found.
func (c *connection) resumeAll(fl *flight) []Effect {
	resumed := make([]*Member, 0, len(fl.slots))
	for i, s := range fl.slots {
		if c.table.holds(s, fl.leases[i]) {
			resumed = append(resumed, c.table.owner[s])
		}
	}
	var waiting []*Member
	if c.table.leases < c.table.beaten() { // mostly nobody does, and the list has room for all
		waiting = c.table.choose(func(s int32) bool { return !c.table.hasLease(s) })
	}
	return []Effect{
		tellAll{resumed, &leaseResumed{connection: c.ref}},
		tellAll{waiting, &serverRegained{connection: c.ref}},
	}
}

// notedHint honours the server's "next beat not before", up to a third of the client timeout (rule 18).
func (c *connection) notedHint(chunks []chunkAnswer) []Effect {
	var hint time.Duration
	for _, chunk := range chunks {
		hint = max(hint, chunk.reply.NotBefore)
	}
	if hint <= 0 || !c.set.automatic() {
		return nil
	}
	return []Effect{holdBeats{c.honoured(hint)}}
}
