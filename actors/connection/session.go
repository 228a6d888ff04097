package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// attempt is a connect under way.
type attempt struct {
	seq   uint64
	began protocol.Instant
	life  uint64 // when it began
}

// reach connects when something new wants the server, and plans the next try when something old does.
func (c *Machine) reach(now protocol.Instant) []protocol.Effect {
	switch {
	case c.attempt != nil || c.phase == identifying:
		return nil
	case !c.urgent:
		c.planRetry(now)
		return nil
	case len(c.addresses) == 0:
		c.urgent = false
		return c.unreached(now, "the server is at none of the addresses any more", false)
	case now.Before(c.notBefore):
		c.urgent, c.retryAt = false, c.notBefore
		return c.unreached(now, "the server asked to wait", true)
	}
	c.urgent = false
	c.seq++
	c.attempt = &attempt{seq: c.seq, began: now, life: c.life}
	c.unplanRetry()
	c.takes.startClocks(now)
	timeout := c.set.ConnectTimeout
	if c.set.Automatic() {
		timeout = min(timeout, c.beatDeadline())
	}
	return []protocol.Effect{Connect{Seq: c.seq, Addresses: c.addresses, ServerID: c.hello.Identity.ServerID, Timeout: timeout}}
}

// connected takes the result of a connect.
func (c *Machine) connected(now protocol.Instant, in *Connected) []protocol.Effect {
	if c.attempt == nil || in.Seq != c.attempt.seq {
		return closeAll(in)
	}
	began, life := c.attempt.began, c.attempt.life
	c.attempt = nil
	if c.phase == unidentified {
		if in.Session == nil {
			return c.connectFailed(now, began, in.Err)
		}
		c.phase = identifying
		return []protocol.Effect{protocol.Identify{Connection: c.ref, Dialled: protocol.Dialled{Address: in.Address, Session: in.Session, Hello: in.Hello}}}
	}
	strangers := append(c.strays, in.OtherSessions...)
	c.strays = nil
	effects := c.giveAway(strangers, in.Session == nil)
	switch {
	case in.Session != nil:
		return append(effects, c.useSession(now, protocol.Dialled{Address: in.Address, Session: in.Session, Hello: in.Hello}, life)...)
	case len(strangers) > 0:
		c.urgent = false // what waits here follows, see replaced
		return effects
	default:
		return append(effects, c.connectFailed(now, began, in.Err)...)
	}
}

// closeAll closes what a connect opened that nobody waits for any more.
func closeAll(in *Connected) []protocol.Effect {
	var effects []protocol.Effect
	if in.Session != nil {
		effects = append(effects, CloseSession{in.Session})
	}
	for _, s := range in.OtherSessions {
		effects = append(effects, CloseSession{s.Session})
	}
	return effects
}

// connectFailed settles what waited for the session. A due beat that came after the attempt began gets one of its own.
func (c *Machine) connectFailed(now, began protocol.Instant, err error) []protocol.Effect {
	refusal := transport.AsRefusal(err)
	var effects []protocol.Effect
	if refusal != nil {
		c.hear(now)
		effects = c.refusedConnect(now, refusal)
	}
	effects = append(effects, c.unreached(now, err.Error(), refusal != nil)...)
	switch {
	case c.due == nil:
	case began.Before(c.due.at) && !protocol.Passed(now, c.due.limit):
		c.urgent = true
	case refusal != nil && c.postpone(now, refusal):
	default:
		effects = append(effects, c.countFailure(now, err.Error())...)
	}
	c.planRetry(now)
	return effects
}

// refusedConnect settles takes of those who hold nothing here: a server that refuses the client refuses its takes. A refusal with
// a retry-after holds for everything that is asked of the server.
func (c *Machine) refusedConnect(now protocol.Instant, r *transport.Refusal) []protocol.Effect {
	if r.RetryAfter > 0 {
		c.notBefore = now.After(c.honoured(r.RetryAfter))
		return nil
	}
	var effects []protocol.Effect
	for _, t := range c.takes.firstAsked() {
		effects = append(effects, c.refuse(now, t, r.Reason, r.Message)...)
	}
	return effects
}

// unreached answers everybody who waits for this server now and could ask another one, and the application's calls.
func (c *Machine) unreached(now protocol.Instant, cause string, reached bool) []protocol.Effect {
	effects := c.answerAskers(cause, reached)
	for _, t := range c.takes.bounded() {
		if !t.flying {
			effects = append(effects, c.unanswered(now, t, messages.Unanswered, cause, 0)...)
		}
	}
	for _, b := range c.calls {
		effects = append(effects, protocol.Answer{Reply: b.call, Err: protocol.TransportError(cause)})
	}
	c.calls = nil
	return append(effects, c.failTakeCalls(cause)...)
}

// adopted: the runtime says that this is the server's connection.
func (c *Machine) adopted(now protocol.Instant, in *protocol.Confirmed) []protocol.Effect {
	if c.phase == identified { // a handover was quicker
		return c.handedOver(now, &protocol.AddressFound{Dialled: in.Dialled})
	}
	c.phase, c.hello, c.life = identified, in.Dialled.Hello, 1
	c.slowDown(now, in.Dialled.Flaps)
	c.outage.newBoot = true
	c.serverUp(now)
	c.oweAll(now, in.Dialled.Returns)
	return c.useSession(now, in.Dialled, c.life)
}

// merge forwards everything to the connection that the server has already.
func (c *Machine) merge(in *protocol.AliasOf) []protocol.Effect {
	c.phase, c.into = merged, in.Connection
	c.ref.SetAliased()
	var effects []protocol.Effect
	for _, t := range c.takes.all() {
		effects = append(effects, protocol.Forward{To: in.Connection, In: t.order()})
	}
	for _, b := range c.calls {
		effects = append(effects, protocol.Answer{Reply: b.call, Err: nil})
	}
	c.takes = newTakeBook()
	if c.draining {
		effects = append(effects, protocol.Drained{Connection: c.ref})
	}
	return append(effects, protocol.WakeAt{})
}

// forward is all that a merged connection does.
func (c *Machine) forward(in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.TakeOrder, *protocol.ReleaseOrder, *protocol.BeatOrder, *protocol.HoldingsQuery:
		return []protocol.Effect{protocol.Forward{To: c.into, In: in}}
	case *Connected:
		return closeAll(in)
	case *protocol.Drain:
		return []protocol.Effect{protocol.Drained{Connection: c.ref}}
	default:
		return nil
	}
}

// handedOver: another address of this server was found. Its session is the newer one, so that the server lets go of the
// older; what is under way there will fail, which is our own doing and counts for nothing.
func (c *Machine) handedOver(now protocol.Instant, in *protocol.AddressFound) []protocol.Effect {
	if in.Dialled.Session != nil && c.phase != identified { // a panic lost the word that this is the server's connection
		return c.adopted(now, &protocol.Confirmed{Dialled: in.Dialled})
	}
	c.oweAll(now, in.Dialled.Returns)
	if in.Dialled.Session == nil {
		return nil
	}
	c.slowDown(now, max(c.moves+1, in.Dialled.Flaps))
	return c.useSession(now, in.Dialled, beforeAnyLife)
}

// oweAll enters what this server may have executed in another one's name.
func (c *Machine) oweAll(now protocol.Instant, owed []protocol.Return) {
	for _, d := range owed {
		c.debts.owe(now, d.Claim, d.Request)
	}
}

// beforeAnyLife is the life in which a connect of somebody else began, for all that is known here: its answer may be
// older than what we have learnt meanwhile.
const beforeAnyLife = 0

// useSession goes on with a new session, whose connect was begun in the given life. A broken connection, or one whose
// server restarted, beats first.
func (c *Machine) useSession(now protocol.Instant, f protocol.Dialled, life uint64) []protocol.Effect {
	var effects []protocol.Effect
	if c.session != nil && c.session != f.Session {
		effects = append(effects, CloseSession{c.session})
	}
	if c.flight != nil {
		c.flight.superseded = true
	}
	c.session = f.Session
	c.hear(now)
	c.successor = ""
	c.unplanRetry()
	c.addresses = moveToFront(c.addresses, f.Address)
	c.ref.SetServer(messages.Server{ID: f.Hello.Identity.ServerID, Address: f.Address})
	_, learnt := c.learn(now, f.Hello, life)
	c.recover = c.broken || c.checking
	return append(effects, learnt...)
}

// dropSession forgets a session over which an exchange was not answered.
func (c *Machine) dropSession(s transport.Session) []protocol.Effect {
	if s == nil || c.session != s {
		return nil
	}
	c.session = nil
	return []protocol.Effect{CloseSession{s}}
}

// hear notes a reply of any kind.
func (c *Machine) hear(now protocol.Instant) {
	c.heard = now
	c.ref.NoteReply(now.Mono)
}

// answered notes a reply other than a refusal, from the life that is known or from a new one: it ends the count of failed
// beats. Whether the leases live is still to be seen (rule 8).
func (c *Machine) answered(now protocol.Instant, restarted bool) {
	c.hear(now)
	if !restarted {
		c.moves = 0
	}
	c.failed, c.retries = 0, 0
	c.serverUp(now)
	c.broken = c.broken && c.table.beaten() > 0
	c.recover = c.recover || c.broken
}

// honoured returns how long a retry-after is respected: up to a third of the client timeout (rule 18).
func (c *Machine) honoured(d time.Duration) time.Duration {
	most := c.hello.ClientTimeout / 3
	if most <= 0 {
		most = defaultClientTimeout / 3
	}
	return min(d, most)
}

// defaultClientTimeout stands in for that of a server that was never reached.
const defaultClientTimeout = 5 * time.Minute

// moveToFront returns the list with the address first, added if it was missing. The old list is not changed.
func moveToFront(list []messages.Address, a messages.Address) []messages.Address {
	return append([]messages.Address{a}, without(list, a)...)
}

func without(list []messages.Address, a messages.Address) []messages.Address {
	rest := make([]messages.Address, 0, len(list)+1)
	for _, b := range list {
		if b != a {
			rest = append(rest, b)
		}
	}
	return rest
}
