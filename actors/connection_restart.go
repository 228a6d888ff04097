package actors

import (
	"math/rand/v2"

	"github.com/seatbeat/seatbeat/messages"
)

// recallOrder asks what the connection knows of a feature whose actor was restarted.
type recallOrder struct {
	quiet
	feature *Feature
}

// reconcile: the directory was restarted and may have lost orders to leave.
type reconcile struct{ quiet }

// recallFeature answers from the table. What the feature may have missed it is told again: that its lease timed out, or
// that its origin was replaced.
func (c *connection) recallFeature(o *recallOrder) []effect {
	in := &recalled{link: c.link, broken: c.broken, last: c.lastFailure("")}
	s, ok := c.table.slot(o.feature)
	switch {
	case !ok && c.heir != nil:
		return []effect{tell{o.feature, &originReplaced{link: c.link, by: c.heir}}}
	case !ok:
	case c.table.timedOut(s):
		return []effect{tell{o.feature, c.timedOut()}}
	case c.table.local[s]:
		in.local, in.held, in.broken = true, c.table.number[s], false // rule 1
	case c.table.hasLease(s):
		in.held = c.table.number[s]
	}
	return []effect{tell{o.feature, in}}
}

// reborn returns a machine that goes on with what the one that panicked held and owed. Everything that was under way is
// settled: a request that may have been executed is owed, whoever waits is told, and the server is asked again.
func (c *connection) reborn(now instant, rng *rand.Rand) (*connection, []effect) {
	n := newConnection(c.set, c.link, rng)
	n.into, n.hello, n.life, n.heard = c.into, c.hello, c.life+1, c.heard
	if n.addresses = c.addresses; len(n.addresses) == 0 { // given away, and maybe nobody was told
		n.addresses = []messages.Address{c.link.Server().Address}
	}
	n.seq, n.successor, n.heir, n.warned = c.seq, c.successor, c.heir, c.warned
	n.notBefore, n.askAfter, n.acked = c.notBefore, c.askAfter, c.acked
	n.failed, n.draining = c.failed, c.draining
	n.outage.downAt, n.outage.newBoot = c.outage.downAt, c.outage.newBoot
	if c.outage.told != nil {
		n.tell(now, c.outage.told) // maybe again: the counter knows an outage when it sees it twice
	}
	if n.phase = c.phase; n.phase == identifying {
		n.phase = unidentified
	}
	effects := append(c.dropSession(c.session), closeAll(&connected{strangers: c.strays})...)
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
func (c *connection) salvage(now instant, lost any) []effect {
	switch in := lost.(type) {
	case *connected:
		return closeAll(in)
	case *adopted:
		c.oweAll(now, in.found.owed)
		return closeAll(&connected{session: in.found.session})
	case *handover:
		c.oweAll(now, in.found.owed)
		return closeAll(&connected{session: in.found.session})
	case *inherited:
		return c.inherit(now, in)
	default:
		return nil
	}
}

// rebuildTable takes over the records, but for those of features that have ended: their order to leave may have been
// lost. Features that have moved say so when they are asked, see askAgain.
func (c *connection) rebuildTable(now instant, old *leaseTable) []effect {
	var unleased, late []*Feature
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
	return []effect{
		tellAll{late, c.timedOut()},
		tellAll{unleased, &leaseEnded{link: c.link, reason: messages.Unknown}},
	}
}

// settleTakes gives up the takes of the machine that panicked; their features ask again.
func (c *connection) settleTakes(now instant, old *connection) []effect {
	var effects []effect
	for _, t := range old.takes.of {
		if t.tries > 0 {
			c.debts.owe(now, t.feature.ID(), t.request)
		}
		effects = append(effects, reply{t.call, transportError("the connection was restarted")})
		if !t.mode.repeats() {
			effects = append(effects, tell{t.feature, &seatUnanswered{
				take: t.number, server: c.link.Server(), reason: messages.Unanswered,
				cause: "the connection was restarted", reached: true,
			}})
		}
	}
	for _, b := range old.calls {
		effects = append(effects, reply{b.call, transportError("the connection was restarted")})
	}
	for _, p := range old.debts.waiting {
		effects = append(effects, reply{p, transportError("the connection was restarted")})
	}
	return effects
}

// surrender gives up everything that is held here: the connection's restarts are used up.
func (c *connection) surrender(now instant, cause string) []effect {
	all := c.table.choose(func(int32) bool { return true })
	for _, f := range all {
		s, _ := c.table.slot(f)
		c.debts.owe(now, f.ID(), c.table.request[s])
		c.table.remove(s)
	}
	return []effect{tellAll{all, &restartsUsedUp{link: c.link, cause: cause}}}
}

// restartsUsedUp: the origin's connection panicked too often.
type restartsUsedUp struct {
	quiet
	link  *Link
	cause string
}

func (in *restartsUsedUp) from() *Link { return in.link }

// reconcileTable gives back what features hold that have ended.
func (c *connection) reconcileTable(now instant) []effect {
	for s, f := range c.table.owner {
		if f != nil && f.State().Final() {
			c.debts.owe(now, f.ID(), c.table.request[s])
			c.table.remove(int32(s))
		}
	}
	return nil
}
