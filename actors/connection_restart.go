package actors

import (
	"math/rand/v2"

	"github.com/seatbeat/seatbeat/messages"
)

// recallFeature answers from the table. What the feature may have missed it is told again: that its lease timed out, or
// that its origin was replaced.
func (c *connection) recallFeature(o *holdingsQuery) []Effect {
	in := &holdings{connection: c.ref, recovering: c.broken, last: c.lastFailure("")}
	s, ok := c.table.slot(o.member)
	switch {
	case !ok && c.heir != nil:
		return []Effect{tell{o.member, &originReplaced{connection: c.ref, by: c.heir}}}
	case !ok:
	case c.table.timedOut(s):
		return []Effect{tell{o.member, c.timedOut()}}
	case c.table.local[s]:
		in.local, in.held, in.recovering = true, c.table.number[s], false // rule 1
	case c.table.hasLease(s):
		in.held = c.table.number[s]
	}
	return []Effect{tell{o.member, in}}
}

// reborn returns a machine that goes on with what the one that panicked held and owed. Everything that was under way is
// settled: a request that may have been executed is owed, whoever waits is told, and the server is asked again.
func (c *connection) rebuilt(now Instant, rng *rand.Rand, draining bool) (*connection, []Effect) {
	n := newConnection(c.set, c.ref, rng)
	n.into, n.hello, n.life, n.heard = c.into, c.hello, c.life+1, c.heard
	if n.addresses = c.addresses; len(n.addresses) == 0 { // given away, and maybe nobody was told
		n.addresses = []messages.Address{c.ref.Server().Address}
	}
	n.seq, n.successor, n.heir, n.warned = c.seq, c.successor, c.heir, c.warned
	n.notBefore, n.askAfter, n.acked = c.notBefore, c.askAfter, c.acked
	n.failed, n.draining = c.failed, c.draining || draining
	n.outage.downAt, n.outage.newBoot = c.outage.downAt, c.outage.newBoot
	if c.outage.told != nil {
		n.tell(now, c.outage.told) // maybe again: the counter knows an outage when it sees it twice
	}
	if n.phase = c.phase; n.phase == identifying {
		n.phase = unidentified
	}
	effects := append(c.dropSession(c.session), closeAll(&connected{otherSessions: c.strays})...)
	for _, d := range c.debts.order {
		if !d.settled {
			n.debts.owe(d.since, d.claim, d.request)
		}
	}
	c.debts.answerAll()
	effects = append(effects, n.rebuildTable(now, &c.table)...)
	effects = append(effects, n.settleTakes(now, c)...)
	n.broken = n.table.beaten() > 0
	n.urgent = true
	n.recover = n.broken
	n.atRisk, n.forgiveUntil = c.atRisk, c.forgiveUntil
	n.armRisk(now)
	return n, effects
}

// salvage takes out of the message that was lost what nobody would say again: sessions to be closed, and what other
// connections found to be owed here.
func (c *connection) recoverLost(now Instant, lost any) []Effect {
	switch in := lost.(type) {
	case *connected:
		return closeAll(in)
	case *confirmed:
		c.oweAll(now, in.dialled.returns)
		return closeAll(&connected{session: in.dialled.session})
	case *addressFound:
		c.oweAll(now, in.dialled.returns)
		return closeAll(&connected{session: in.dialled.session})
	case *takenOver:
		return c.inherit(now, in)
	default:
		return nil
	}
}

// rebuildTable takes over the records, but for those of features that have ended: their order to leave may have been
// lost. Features that have moved say so when they are asked, see askAgain.
func (c *connection) rebuildTable(now Instant, old *leaseTable) []Effect {
	var unleased, late []*Member
	for s, f := range old.owner {
		switch {
		case f == nil:
		case f.State().Final():
			c.debts.owe(now, f.ID(), old.request[s])
		default:
			n := c.table.add(f)
			c.table.copySlot(n, old, int32(s))
			switch {
			case c.table.timedOut(n):
				late = append(late, f)
			case !c.table.hasLease(n) && !c.table.local[n]:
				unleased = append(unleased, f)
			}
		}
	}
	return []Effect{
		tellAll{late, c.timedOut()},
		tellAll{unleased, &leaseEnded{connection: c.ref, reason: messages.Unknown}},
	}
}

// settleTakes gives up the takes of the machine that panicked; their features ask again.
func (c *connection) settleTakes(now Instant, old *connection) []Effect {
	var effects []Effect
	for _, t := range old.takes.of {
		if t.tries > 0 {
			c.debts.owe(now, t.member.ID(), t.request)
		}
		effects = append(effects, answer{t.call, TransportError("the connection was restarted")})
		if !t.mode.repeats() {
			effects = append(effects, tell{t.member, &seatUnanswered{
				take: t.number, server: c.ref.Server(), reason: messages.Unanswered,
				cause: "the connection was restarted", reached: true,
			}})
		}
	}
	for _, b := range old.calls {
		effects = append(effects, answer{b.call, TransportError("the connection was restarted")})
	}
	for _, p := range old.debts.waiting {
		effects = append(effects, answer{p, TransportError("the connection was restarted")})
	}
	return effects
}

// surrender gives up everything that is held here: the connection's restarts are used up.
func (c *connection) dropAll(now Instant, cause string) []Effect {
	all := c.table.choose(func(int32) bool { return true })
	for _, f := range all {
		s, _ := c.table.slot(f)
		c.debts.owe(now, f.ID(), c.table.request[s])
		c.table.remove(s)
	}
	return []Effect{tellAll{all, &restartsUsedUp{connection: c.ref, cause: cause}}}
}

// reconcileTable gives back what features hold that have ended.
func (c *connection) reconcileTable(now Instant) []Effect {
	for s, f := range c.table.owner {
		if f != nil && f.State().Final() {
			c.debts.owe(now, f.ID(), c.table.request[s])
			c.table.remove(int32(s))
		}
	}
	return nil
}
