package connection

import (
	"math/rand/v2"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// recallFeature answers from the table. What the feature may have missed it is told again: that its lease timed out, or
// that its origin was replaced.
func (c *Machine) recallFeature(o *protocol.HoldingsQuery) []protocol.Effect {
	in := &protocol.Holdings{Connection: c.ref, Recovering: c.broken, Last: c.lastFailure("")}
	s, ok := c.table.slot(o.Member)
	switch {
	case !ok && c.heir != nil:
		return []protocol.Effect{protocol.Tell{To: o.Member, In: &protocol.OriginReplaced{Connection: c.ref, By: c.heir}}}
	case !ok:
	case c.table.timedOut(s):
		return []protocol.Effect{protocol.Tell{To: o.Member, In: c.timedOut()}}
	case c.table.local[s]:
		in.Local, in.Held, in.Recovering = true, c.table.number[s], false // rule 1
	case c.table.hasLease(s):
		in.Held = c.table.number[s]
	}
	return []protocol.Effect{protocol.Tell{To: o.Member, In: in}}
}

// reborn returns a machine that goes on with what the one that panicked held and owed. Everything that was under way is
// settled: a request that may have been executed is owed, whoever waits is told, and the server is asked again.
func (c *Machine) Rebuilt(now protocol.Instant, rng *rand.Rand, draining bool) (*Machine, []protocol.Effect) {
	n := New(c.set, c.ref, rng)
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
	effects := append(c.dropSession(c.session), closeAll(&Connected{OtherSessions: c.strays})...)
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
func (c *Machine) RecoverLost(now protocol.Instant, lost any) []protocol.Effect {
	switch in := lost.(type) {
	case *Connected:
		return closeAll(in)
	case *protocol.Confirmed:
		c.oweAll(now, in.Dialled.Returns)
		return closeAll(&Connected{Session: in.Dialled.Session})
	case *protocol.AddressFound:
		c.oweAll(now, in.Dialled.Returns)
		return closeAll(&Connected{Session: in.Dialled.Session})
	case *protocol.TakenOver:
		return c.inherit(now, in)
	default:
		return nil
	}
}

// rebuildTable takes over the records, but for those of features that have ended: their order to leave may have been
// lost. Features that have moved say so when they are asked, see askAgain.
func (c *Machine) rebuildTable(now protocol.Instant, old *leaseTable) []protocol.Effect {
	var unleased, late []*protocol.Member
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
	return []protocol.Effect{
		protocol.TellAll{To: late, In: c.timedOut()},
		protocol.TellAll{To: unleased, In: &protocol.LeaseEnded{Connection: c.ref, Reason: messages.Unknown}},
	}
}

// settleTakes gives up the takes of the machine that panicked; their features ask again.
func (c *Machine) settleTakes(now protocol.Instant, old *Machine) []protocol.Effect {
	var effects []protocol.Effect
	for _, t := range old.takes.of {
		if t.tries > 0 {
			c.debts.owe(now, t.member.ID(), t.request)
		}
		effects = append(effects, protocol.Answer{Reply: t.call, Err: protocol.TransportError("the connection was restarted")})
		if !t.mode.Repeats() {
			effects = append(effects, protocol.Tell{To: t.member, In: &protocol.SeatUnanswered{
				Take: t.number, Server: c.ref.Server(), Reason: messages.Unanswered,
				Cause: "the connection was restarted", Reached: true,
			}})
		}
	}
	for _, b := range old.calls {
		effects = append(effects, protocol.Answer{Reply: b.call, Err: protocol.TransportError("the connection was restarted")})
	}
	for _, p := range old.debts.waiting {
		effects = append(effects, protocol.Answer{Reply: p, Err: protocol.TransportError("the connection was restarted")})
	}
	return effects
}

// surrender gives up everything that is held here: the connection's restarts are used up.
func (c *Machine) DropAll(now protocol.Instant, cause string) []protocol.Effect {
	all := c.table.choose(func(int32) bool { return true })
	for _, f := range all {
		s, _ := c.table.slot(f)
		c.debts.owe(now, f.ID(), c.table.request[s])
		c.table.remove(s)
	}
	return []protocol.Effect{protocol.TellAll{To: all, In: &protocol.RestartsUsedUp{Connection: c.ref, Cause: cause}}}
}

// reconcileTable gives back what features hold that have ended.
func (c *Machine) reconcileTable(now protocol.Instant) []protocol.Effect {
	for s, f := range c.table.owner {
		if f != nil && f.State().Final() {
			c.debts.owe(now, f.ID(), c.table.request[s])
			c.table.remove(int32(s))
		}
	}
	return nil
}
