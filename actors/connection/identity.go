package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// verdict is what a reply's identity means (rule 7).
type verdict uint8

const (
	sameLife  verdict = iota // the server that is known
	newLife                  // it restarted; its ledger may have gone back, then the leases are forgotten already
	staleLife                // from before the identity that is known: the answer means nothing any more
	stranger                 // another server answers here
)

// learn compares a reply, to an exchange that was begun in the given life, with what is known of the server.
func (c *Machine) learn(now protocol.Instant, hello transport.Hello, life uint64) (verdict, []protocol.Effect) {
	c.ref.NoteReply(now.Mono) // whoever it is: a server was reached (rule 11)
	was, is := c.hello.Identity, hello.Identity
	if hello.ClientTimeout <= 0 { // a refusal may leave it out
		hello.ClientTimeout = c.hello.ClientTimeout
	}
	switch {
	case is == was:
		c.hello.ClientTimeout = hello.ClientTimeout
		return sameLife, nil
	case life < c.life && (is.ServerID != was.ServerID || is.Epoch <= was.Epoch || is.BootID == c.former):
		return staleLife, nil
	case is.ServerID != was.ServerID:
		return stranger, nil
	}
	c.hello, c.former = hello, was.BootID
	c.life++
	c.slowDown(now, c.moves+1)
	c.broken, c.recover, c.outage.newBoot = true, true, true
	effects := []protocol.Effect{protocol.Publish{Event: messages.ServerRestarted{Server: c.ref.Server(), Old: was, New: is}}}
	if is.Epoch < was.Epoch {
		effects = append(effects, protocol.Publish{Event: messages.ServerReplaced{Server: c.ref.Server(), Old: was, New: is}})
		effects = append(effects, c.forgetLeases()...)
	}
	return newLife, effects
}

// patience is how often a server may be another one, or live another life, with the next reply: after that it is asked
// with pauses.
const patience = 2

// slowDown notes so many moves, and puts off what is asked of a server that changes with each of its replies.
func (c *Machine) slowDown(now protocol.Instant, moves int) {
	if c.moves = moves; moves > patience {
		c.askAfter = protocol.Later(c.askAfter, now.After(backoff(moves-patience, c.rng.Float64(), retryCap(c.set))))
	}
}

// forgetLeases: the server's ledger went back in time. Old leases are never named to it; their requests are, in Replaces
// and in returns.
func (c *Machine) forgetLeases() []protocol.Effect {
	gone := c.table.choose(c.table.hasLease)
	for _, f := range gone {
		if s, ok := c.table.slot(f); ok {
			c.table.drop(s)
		}
	}
	return []protocol.Effect{protocol.TellAll{To: gone, In: &protocol.LeaseEnded{Connection: c.ref, Reason: messages.Unknown}}}
}

// strangerReplied: the session leads to another server, which owes us nothing but may have executed the requests owed.
// The server we know may still answer at another address: that is tried before its features follow the stranger.
func (c *Machine) strangerReplied(s transport.Session, hello transport.Hello, owed []protocol.Return) []protocol.Effect {
	f := protocol.Dialled{Address: c.ref.Server().Address, Session: s, Hello: hello}
	if s == nil || s != c.session {
		f.Session, f.Returns = nil, owed // given away already: only what is owed is news
		return []protocol.Effect{protocol.OtherServerFound{Connection: c.ref, Dialled: f}}
	}
	c.session = nil
	c.addresses = without(c.addresses, f.Address)
	if len(c.addresses) == 0 {
		c.urgent = false // what waits here follows, see replaced
		return c.giveAway([]protocol.Dialled{f}, true)
	}
	c.strays = append(c.strays, f)
	c.urgent = true
	return nil
}

// giveAway hands sessions to other servers, found at this one's addresses, to the runtime. With move the features of
// this connection follow the first of them.
func (c *Machine) giveAway(strangers []protocol.Dialled, move bool) []protocol.Effect {
	var effects []protocol.Effect
	was := c.hello.Identity
	for i, f := range strangers {
		c.addresses, f.Flaps = without(c.addresses, f.Address), c.moves+1
		f.Returns = c.doubtful()
		is := f.Hello.Identity
		server := messages.Server{ID: is.ServerID, Address: f.Address}
		if move && i == 0 && is.ServerID != c.successor {
			c.successor = is.ServerID
			effects = append(effects, protocol.Publish{Event: messages.ServerRestarted{Server: server, Old: was, New: is}})
		}
		effects = append(effects, protocol.Publish{Event: messages.ServerReplaced{Server: server, Old: was, New: is}},
			protocol.OtherServerFound{Connection: c.ref, Dialled: f, Move: move && i == 0})
	}
	return effects
}

// doubtful returns the requests of which nobody knows who has executed them: those of takes that were not answered, and
// what is owed. Whoever is found at an address of this server may be the one.
func (c *Machine) doubtful() []protocol.Return {
	var owed []protocol.Return
	for _, d := range c.debts.order {
		if !d.settled {
			owed = append(owed, protocol.Return{Claim: d.claim, Request: d.request})
		}
	}
	for _, t := range c.takes.all() {
		if t.tries > 0 {
			owed = append(owed, protocol.Return{Claim: t.member.ID(), Request: t.request})
		}
	}
	return owed
}

// replaced: the address leads to another server now, and this one answers nowhere. Its features follow: they get the new
// origin first, then the end of their lease there; this server is owed what they had (rules 7 and 14).
func (c *Machine) replaced(now protocol.Instant, in *protocol.ReplacedBy) []protocol.Effect {
	var effects []protocol.Effect
	c.heir = in.Connection
	for _, t := range c.takes.all() {
		c.giveUp(now, t)
		if t.mode != protocol.RetakeMode {
			effects = append(effects, protocol.Forward{To: in.Connection, In: t.order()})
		}
	}
	moved := c.table.choose(func(int32) bool { return true })
	heirs := &protocol.TakenOver{Members: moved}
	for _, f := range moved {
		s, _ := c.table.slot(f)
		for _, request := range c.earlier(f) {
			heirs.Returns = append(heirs.Returns, protocol.Return{Claim: f.ID(), Request: request})
		}
		heirs.Renewed = append(heirs.Renewed, c.table.renewed[s])
		c.debts.owe(now, f.ID(), c.table.request[s])
		c.table.remove(s)
	}
	c.failed, c.broken, c.due, c.riskAt = 0, false, nil, protocol.Instant{}
	effects = append(effects, c.answerAskers("another server answers at the address", true)...)
	return append(effects,
		protocol.Forward{To: in.Connection, In: heirs},
		protocol.TellAll{To: moved, In: &protocol.OriginReplaced{Connection: c.ref, By: in.Connection}},
		protocol.TellAll{To: moved, In: &protocol.LeaseEnded{Connection: in.Connection, Reason: messages.Unknown}})
}

// inherit: features whose old server is gone will ask for their seats here, in place of those that they had there: to
// another server the request means nothing, but one that only goes by another name must not grant a second seat. A
// feature without a lease keeps the age of its last one (rule 16). One that ended meanwhile has told every connection so
// already, and would stay here for ever.
func (c *Machine) inherit(now protocol.Instant, in *protocol.TakenOver) []protocol.Effect {
	for i, f := range in.Members {
		if f.State().Live() {
			s := c.table.add(f)
			c.table.renewed[s] = in.Renewed[i]
		}
	}
	c.oweAll(now, in.Returns)
	c.heir = nil                  // they may have been here before: two heirs of each other would send a feature round and round
	c.riskAt = protocol.Instant{} // theirs may be older than what was to be looked at
	c.armRisk(now)
	return nil
}

// strangersDebts returns what a server that answered in another one's stead may have granted.
func (c *Machine) strangersDebts(b *batch) []protocol.Return {
	owed := make([]protocol.Return, len(b.takes))
	for i, t := range b.takes {
		owed[i] = protocol.Return{Claim: t.member.ID(), Request: t.request}
	}
	return owed
}
