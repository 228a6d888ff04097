package connection

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// beatFailed: not every chunk was answered. Only the due beat counts; tries between beats do not (rule 15).
func (c *Machine) beatFailed(now protocol.Instant, fl *flight, err error) []protocol.Effect {
	refusal := transport.AsRefusal(err)
	var effects []protocol.Effect
	if refusal != nil {
		c.hear(now)
	} else {
		effects = c.dropSession(fl.session)
	}
	c.askers = append(fl.askers, c.askers...)
	effects = append(effects, c.answerAskers(err.Error(), refusal != nil)...)
	for _, b := range fl.calls {
		effects = append(effects, protocol.Answer{Reply: b.call, Err: protocol.TransportError(err.Error())})
	}
	if refusal != nil && c.postpone(now, refusal) {
		return effects
	}
	if fl.counted && c.due != nil { // else nobody is left to beat for
		effects = append(effects, c.countFailure(now, err.Error())...)
	}
	c.planRetry(now)
	return effects
}

// postpone honours a refusal of a beat that says when to come back. It reports false when there is no such word, or when
// the leases would be at risk by then: that is a failed beat.
func (c *Machine) postpone(now protocol.Instant, r *transport.Refusal) bool {
	if r.RetryAfter <= 0 {
		return false
	}
	at := now.After(c.honoured(r.RetryAfter))
	c.notBefore = protocol.Later(c.notBefore, at)
	if oldest, ok := c.table.oldest(now); ok && at.Since(oldest) >= c.riskAge() {
		return false
	}
	c.due, c.postponed, c.retryAt = nil, c.set.Automatic(), at
	c.armRisk(now) // the answer to the next one may come too late
	return true
}

// countFailure: the due beat failed. Features hear of it on the edges only, so that a million features on a dead server
// cost nothing at each interval: at the first failure, and from Attempts on, while they sweep.
func (c *Machine) countFailure(now protocol.Instant, cause string) []protocol.Effect {
	c.due = nil
	if c.forgiving(now) {
		c.checking = true
		c.planRetry(now)
		return nil
	}
	c.failed++
	c.ref.CountFailedBeat()
	c.broken = true
	c.serverDown(now)
	effects := []protocol.Effect{protocol.Publish{Event: messages.ConnectionLost{
		Server: c.ref.Server(), Failed: c.failed, Cause: cause, Features: c.table.beaten(),
	}}}
	if c.failed == 1 || c.failed >= c.set.Attempts {
		all := c.table.choose(func(int32) bool { return true })
		effects = append(effects, protocol.TellAll{To: all, In: c.lastFailure(cause)})
	}
	c.riskAt = protocol.Instant{} // anew: the wall clock may run faster than the timer
	c.armRisk(now)
	c.planRetry(now)
	return effects
}

// lastFailure returns what the features are told of failed beats.
func (c *Machine) lastFailure(cause string) *protocol.HeartbeatFailed {
	return &protocol.HeartbeatFailed{Connection: c.ref, Failed: c.failed, Cause: cause, Others: c.otherServers()}
}

// otherServers returns the search list without the addresses of this server.
func (c *Machine) otherServers() []messages.Address {
	others := c.set.Servers
	for _, own := range c.addresses {
		others = without(others, own)
	}
	return others
}

// ask: a sweeping feature asks the origin by a beat of its lease. A connection that is not broken has told it already
// what became of the lease.
func (c *Machine) ask(now protocol.Instant, o *protocol.TakeOrder) []protocol.Effect {
	if !c.broken {
		return nil
	}
	c.askers = append(c.askers, asker{member: o.Member, take: o.Take, began: o.Began})
	c.urgent = true
	if now.Before(c.notBefore) {
		return c.answerAskers("the server asked to wait", true)
	}
	return nil
}

// answerAskers tells sweeping features that the beat of their lease was not answered.
func (c *Machine) answerAskers(cause string, reached bool) []protocol.Effect {
	var all tellBatch
	var last protocol.SeatUnanswered
	for _, a := range c.askers {
		in := protocol.SeatUnanswered{
			Take: a.take, Server: c.ref.Server(), Reason: messages.Unanswered, Cause: cause,
			Reached: reached || c.heardSince(a.began),
		}
		if in != last {
			all.next(&in)
			last = in
		}
		all.add(a.member)
	}
	c.askers = nil
	return all.effects()
}

// heardSince reports whether the server replied to anything since a sweep began (rule 11).
func (c *Machine) heardSince(began protocol.Instant) bool {
	return c.heard != (protocol.Instant{}) && !c.heard.Before(began)
}

// riskAge is how old a lease may get before the server may give it away, less a margin (rule 16).
func (c *Machine) riskAge() time.Duration {
	timeout := c.hello.ClientTimeout
	margin := min(max(riskMargin, timeout/20), timeout/4)
	return timeout - margin
}

// riskMargin is the least margin of riskAge, unless the client timeout is too short for it.
const riskMargin = 10 * time.Second

// armRisk plans the look at the oldest lease: while beats fail or are put off, and while features wait for seats.
func (c *Machine) armRisk(now protocol.Instant) {
	waiting := c.table.leases < c.table.beaten()
	if c.riskAt != (protocol.Instant{}) || !c.set.Automatic() || !c.broken && !c.postponed && !waiting {
		return
	}
	if oldest, ok := c.table.oldest(now); ok {
		c.riskAt = now.After(max(c.riskAge()-now.Since(oldest), 0))
	}
}

// checkRisk tells once per break that the leases are at risk, and ends those that are too old if that was asked for.
func (c *Machine) checkRisk(now protocol.Instant) []protocol.Effect {
	if !protocol.Passed(now, c.riskAt) {
		return nil
	}
	c.riskAt = protocol.Instant{}
	oldest, ok := c.table.oldest(now)
	if !ok || now.Since(oldest) < c.riskAge() {
		c.armRisk(now)
		return nil
	}
	var effects []protocol.Effect
	if !c.atRisk && (c.broken || c.checking || c.leaseAtRisk(now)) {
		c.atRisk = true
		effects = append(effects, protocol.Publish{Event: messages.LeaseAtRisk{
			Server: c.ref.Server(), Features: c.table.beaten(), Age: now.Since(oldest), Timeout: c.hello.ClientTimeout,
		}})
	}
	if !c.set.EnforceTimeout {
		return effects
	}
	effects = append(effects, c.timeOut(now))
	c.armRisk(now)
	return effects
}

// leaseAtRisk reports whether a lease is that old. A beat that was put off may be answered late without having failed.
func (c *Machine) leaseAtRisk(now protocol.Instant) bool {
	oldest, ok := c.table.oldestLease(now)
	return ok && now.Since(oldest) >= c.riskAge()
}

// timeOut ends the features whose lease, or whose last one, is too old.
func (c *Machine) timeOut(now protocol.Instant) protocol.Effect {
	old := c.table.choose(func(s int32) bool {
		at := c.table.renewed[s]
		return at != nil && at != tooOld && now.Since(*at) >= c.riskAge()
	})
	for _, f := range old {
		if s, ok := c.table.slot(f); ok {
			c.table.renewed[s] = tooOld // told once
			c.table.drop(s)             // and not beaten any more
			c.debts.owe(now, f.ID(), c.table.request[s])
		}
	}
	return protocol.TellAll{To: old, In: c.timedOut()}
}

func (c *Machine) timedOut() *protocol.LeaseTimedOut {
	text := fmt.Sprintf("no heartbeat was acknowledged for %s, the client timeout is %s", c.riskAge(), c.hello.ClientTimeout)
	return &protocol.LeaseTimedOut{Connection: c.ref, Text: text}
}

// pacing returns the interval at which beats are due; 0 when none are: a connection beats while it has a live network
// feature or a take (rule 4).
func (c *Machine) pacing() time.Duration {
	if c.phase != identified || !c.set.Automatic() || c.table.beaten() == 0 && c.takes.empty() {
		return 0
	}
	return c.interval()
}

// interval is the one in effect: a server that frees seats early is beaten more often (rule 16).
func (c *Machine) interval() time.Duration {
	if c.hello.ClientTimeout <= 0 {
		return c.set.Interval
	}
	return min(c.set.Interval, max(c.hello.ClientTimeout/3, leastInterval))
}

// leastInterval is the shortest that a server's client timeout makes the interval.
const leastInterval = 100 * time.Millisecond

// beatDeadline is how long one beat may take (rule 4). It goes by the interval in effect, so that a silent server has
// failed a beat before the leases are at risk.
func (c *Machine) beatDeadline() time.Duration { return min(30*time.Second, c.interval()/2) }

// pace tells the heartbeat actor when the interval changes.
func (c *Machine) pace() []protocol.Effect {
	interval := c.pacing()
	if interval == c.beating {
		return nil
	}
	c.beating = interval
	if interval == 0 {
		c.due, c.failed, c.broken, c.recover, c.atRisk, c.checking = nil, 0, false, false, false, false // nobody is left
	}
	return []protocol.Effect{BeatEvery{interval}}
}

// warnOnce logs what follows from the first grant: the interval in effect, and that giving up may come too late
// (rule 16).
func (c *Machine) warnOnce() []protocol.Effect {
	if c.warned || !c.set.Automatic() {
		return nil
	}
	c.warned = true
	timeout, interval := c.hello.ClientTimeout, c.interval()
	var effects []protocol.Effect
	if interval < c.set.Interval {
		effects = append(effects, protocol.Warn{Text: "heartbeat interval shortened to a third of the client timeout",
			Args: []any{"server", c.ref.Server().String(), "interval", interval, "client_timeout", timeout}})
	}
	if giveUp := time.Duration(c.set.Attempts) * interval; giveUp > timeout {
		effects = append(effects, protocol.Warn{Text: "the server frees seats before Attempts heartbeats have failed",
			Args: []any{"server", c.ref.Server().String(), "attempts_x_interval", giveUp, "client_timeout", timeout}})
	}
	return effects
}
