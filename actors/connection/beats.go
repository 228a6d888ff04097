package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// dueBeat is a beat that counts: it fails when limit passes.
type dueBeat struct{ at, limit protocol.Instant }

// flight is a beat under way. There is never more than one.
type flight struct {
	seq        uint64
	counted    bool              // it is the due beat
	sent       *protocol.Instant // a lease's age counts from here; on its own, since the leases keep it
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
	member *protocol.Member
	take   uint32
	began  protocol.Instant // of the sweep
}

// beatCall is the application's own heartbeat.
type beatCall struct {
	member *protocol.Member
	call   *protocol.Reply
}

// beatDue: the heartbeat actor says so. While an uncounted beat is under way it waits for its result. A beat that the
// server asked to wait is due when the wait is over.
func (c *Machine) beatDue(now protocol.Instant) []protocol.Effect {
	if c.due != nil || c.pacing() == 0 {
		return nil
	}
	if c.postponed = now.Before(c.notBefore); c.postponed {
		c.retryAt = protocol.Sooner(c.retryAt, c.notBefore)
		return nil
	}
	c.due = &dueBeat{at: now, limit: now.After(c.beatDeadline())}
	c.urgent = true
	return nil
}

// wantsBeat reports whether a beat is to be sent now.
func (c *Machine) wantsBeat() bool {
	return c.due != nil || c.recover && c.set.Automatic() && c.table.beaten() > 0 || len(c.askers) > 0 || len(c.calls) > 0
}

// startBeat sends a beat of all leases; without automatic heartbeats, of those the application asked for.
func (c *Machine) startBeat(now protocol.Instant) []protocol.Effect {
	if c.flight != nil || !c.wantsBeat() || now.Before(c.notBefore) {
		return nil
	}
	timeout := c.beatDeadline()
	if c.due != nil {
		timeout = max(c.due.limit.Mono-now.Mono, time.Millisecond)
	}
	leases, slots := c.beatList()
	c.seq++
	c.flight = &flight{
		seq: c.seq, counted: c.due != nil, sent: &protocol.Instant{Mono: now.Mono, Wall: now.Wall}, life: c.life, session: c.session,
		leases: leases, slots: slots, askers: c.askers, calls: c.calls,
	}
	c.askers, c.calls, c.recover = nil, nil, false
	return []protocol.Effect{SendBeat{Seq: c.seq, Session: c.session, Leases: leases, Timeout: timeout}}
}

func (c *Machine) beatList() ([]messages.LeaseID, []int32) {
	if c.set.Automatic() {
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
func (c *Machine) beatAnswered(now protocol.Instant, in *BeatAnswered) []protocol.Effect {
	fl := c.flight
	if fl == nil || in.Seq != fl.seq {
		return nil
	}
	c.flight = nil
	if fl.superseded {
		c.restore(now, fl)
		if c.due != nil {
			c.due.limit = now.After(c.beatDeadline()) // we cut it short: the next one has all of its time
		}
		return nil
	}
	answer, effects := c.judge(now, fl, in.Chunks)
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
		effects = append(effects, c.beatGood(now, fl, in.Chunks, answer.restarted)...)
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
func (c *Machine) judge(now protocol.Instant, fl *flight, chunks []ChunkAnswer) (a beatAnswer, effects []protocol.Effect) {
	for i, chunk := range chunks {
		hello, ok := said(chunk.Reply.Hello, chunk.Err)
		if !ok {
			a.failure = chunk.Err
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
		if chunk.Err != nil {
			a.failure = chunk.Err
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
func (c *Machine) restore(now protocol.Instant, fl *flight) {
	c.askers = append(fl.askers, c.askers...)
	c.calls = append(fl.calls, c.calls...)
	c.recover, c.urgent = c.broken, true
	if c.moves > patience {
		c.notBefore = protocol.Later(c.notBefore, now.After(backoff(c.moves-patience, c.rng.Float64(), retryCap(c.set))))
		c.retryAt = c.notBefore
	}
}

// renew notes that a chunk was acknowledged: its leases live on from when the beat was sent. Those that ended keep the
// age that they had (rule 16).
func (c *Machine) renew(fl *flight, chunk ChunkAnswer) {
	at := fl.sent
	gone := make(map[messages.LeaseID]bool, len(chunk.Reply.Ended))
	for _, ended := range chunk.Reply.Ended {
		gone[ended.Lease] = true
	}
	for i := chunk.From; i < chunk.From+chunk.Count; i++ {
		if s := fl.slots[i]; c.table.holds(s, fl.leases[i]) && !gone[fl.leases[i]] {
			c.table.renewed[s] = at
		}
	}
}

// beatGood: the server answered for every lease. A connection that was broken, or whose server restarted, recovers: what
// the server ended is asked for again, everything else is resumed (rule 8).
func (c *Machine) beatGood(now protocol.Instant, fl *flight, chunks []ChunkAnswer, restarted bool) []protocol.Effect {
	good := &goodBeat{flight: fl, chunks: chunks, recovered: c.broken || restarted}
	c.answered(now, restarted)
	c.acked = *fl.sent
	c.ref.CountGoodBeat(*fl.sent)
	c.due, c.broken, c.recover, c.atRisk, c.checking = nil, false, false, false, false
	c.postponed, c.retryAt = false, protocol.Instant{}
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
func (c *Machine) actOn(now protocol.Instant, good *goodBeat) []protocol.Effect {
	effects := c.endLeases(good.flight, good.chunks)
	if good.recovered {
		effects = append(effects, c.resumeAll(good.flight)...)
	}
	for _, b := range good.flight.calls {
		effects = append(effects, c.answerCall(now, b)...)
	}
	c.riskAt = protocol.Instant{}
	c.armRisk(now)
	return append(effects, c.notedHint(good.chunks)...)
}

// resumeAll tells the features what the good beat found.
func (c *Machine) resumeAll(fl *flight) []protocol.Effect {
	resumed := make([]*protocol.Member, 0, len(fl.slots))
	for i, s := range fl.slots {
		if c.table.holds(s, fl.leases[i]) {
			resumed = append(resumed, c.table.owner[s])
		}
	}
	var waiting []*protocol.Member
	if c.table.leases < c.table.beaten() { // mostly nobody does, and the list has room for all
		waiting = c.table.choose(func(s int32) bool { return !c.table.hasLease(s) })
	}
	return []protocol.Effect{
		protocol.TellAll{To: resumed, In: &protocol.LeaseResumed{Connection: c.ref}},
		protocol.TellAll{To: waiting, In: &protocol.ServerRegained{Connection: c.ref}},
	}
}

// notedHint honours the server's "next beat not before", up to a third of the client timeout (rule 18).
func (c *Machine) notedHint(chunks []ChunkAnswer) []protocol.Effect {
	var hint time.Duration
	for _, chunk := range chunks {
		hint = max(hint, chunk.Reply.NotBefore)
	}
	if hint <= 0 || !c.set.Automatic() {
		return nil
	}
	return []protocol.Effect{HoldBeats{c.honoured(hint)}}
}
