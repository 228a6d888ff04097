package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// attempt is a connect under way.
type attempt struct {
	seq   uint64
	began Instant
	life  uint64 // when it began
}

// reach connects when something new wants the server, and plans the next try when something old does.
func (c *connection) reach(now Instant) []Effect {
	switch {
	case c.attempt != nil || c.phase == identifying:
		return nil
	case !c.urgent:
		c.planRetry(now)
		return nil
	case len(c.addresses) == 0:
		c.urgent = false
		return c.unreached(now, "the server is at none of the addresses any more", false)
	case now.before(c.notBefore):
		c.urgent, c.retryAt = false, c.notBefore
		return c.unreached(now, "the server asked to wait", true)
	}
	c.urgent = false
	c.seq++
	c.attempt = &attempt{seq: c.seq, began: now, life: c.life}
	c.unplanRetry()
	c.takes.startClocks(now)
	timeout := c.set.ConnectTimeout
	if c.set.automatic() {
		timeout = min(timeout, c.beatDeadline())
	}
	return []Effect{connect{seq: c.seq, addresses: c.addresses, serverID: c.hello.Identity.ServerID, timeout: timeout}}
}

// connected takes the result of a connect.
func (c *connection) connected(now Instant, in *connected) []Effect {
	if c.attempt == nil || in.seq != c.attempt.seq {
		return closeAll(in)
	}
	began, life := c.attempt.began, c.attempt.life
	c.attempt = nil
	if c.phase == unidentified {
		if in.session == nil {
			return c.connectFailed(now, began, in.err)
		}
		c.phase = identifying
		return []Effect{identify{connection: c.ref, dialled: dialled{address: in.address, session: in.session, hello: in.hello}}}
	}
	strangers := append(c.strays, in.otherSessions...)
	c.strays = nil
	effects := c.giveAway(strangers, in.session == nil)
	switch {
	case in.session != nil:
		return append(effects, c.useSession(now, dialled{address: in.address, session: in.session, hello: in.hello}, life)...)
	case len(strangers) > 0:
		c.urgent = false // what waits here follows, see replaced
		return effects
	default:
		return append(effects, c.connectFailed(now, began, in.err)...)
	}
}

// closeAll closes what a connect opened that nobody waits for any more.
func closeAll(in *connected) []Effect {
	var effects []Effect
	if in.session != nil {
		effects = append(effects, closeSession{in.session})
	}
	for _, s := range in.otherSessions {
		effects = append(effects, closeSession{s.session})
	}
	return effects
}

// connectFailed settles what waited for the session. A due beat that came after the attempt began gets one of its own.
func (c *connection) connectFailed(now, began Instant, err error) []Effect {
	refusal := transport.AsRefusal(err)
	var effects []Effect
	if refusal != nil {
		c.hear(now)
		effects = c.refusedConnect(now, refusal)
	}
	effects = append(effects, c.unreached(now, err.Error(), refusal != nil)...)
	switch {
	case c.due == nil:
	case began.before(c.due.at) && !passed(now, c.due.limit):
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
func (c *connection) refusedConnect(now Instant, r *transport.Refusal) []Effect {
	if r.RetryAfter > 0 {
		c.notBefore = now.after(c.honoured(r.RetryAfter))
		return nil
	}
	var effects []Effect
	for _, t := range c.takes.firstAsked() {
		effects = append(effects, c.refuse(now, t, r.Reason, r.Message)...)
	}
	return effects
}

// unreached answers everybody who waits for this server now and could ask another one, and the application's calls.
func (c *connection) unreached(now Instant, cause string, reached bool) []Effect {
	effects := c.answerAskers(cause, reached)
	for _, t := range c.takes.bounded() {
		if !t.flying {
			effects = append(effects, c.unanswered(now, t, messages.Unanswered, cause, 0)...)
		}
	}
	for _, b := range c.calls {
		effects = append(effects, answer{b.call, TransportError(cause)})
	}
	c.calls = nil
	return append(effects, c.failTakeCalls(cause)...)
}

// adopted: the runtime says that this is the server's connection.
func (c *connection) adopted(now Instant, in *confirmed) []Effect {
	if c.phase == identified { // a handover was quicker
		return c.handedOver(now, &addressFound{dialled: in.dialled})
	}
	c.phase, c.hello, c.life = identified, in.dialled.hello, 1
	c.slowDown(now, in.dialled.flaps)
	c.outage.newBoot = true
	c.serverUp(now)
	c.oweAll(now, in.dialled.returns)
	return c.useSession(now, in.dialled, c.life)
}

// merge forwards everything to the connection that the server has already.
func (c *connection) merge(in *aliasOf) []Effect {
	c.phase, c.into = merged, in.connection
	c.ref.SetAliased()
	var effects []Effect
	for _, t := range c.takes.all() {
		effects = append(effects, forward{in.connection, t.order()})
	}
	for _, b := range c.calls {
		effects = append(effects, answer{b.call, nil})
	}
	c.takes = newTakeBook()
	if c.draining {
		effects = append(effects, drained{c.ref})
	}
	return append(effects, wakeAt{})
}

// forward is all that a merged connection does.
func (c *connection) forward(in any) []Effect {
	switch in := in.(type) {
	case *takeOrder, *releaseOrder, *beatOrder, *holdingsQuery:
		return []Effect{forward{c.into, in}}
	case *connected:
		return closeAll(in)
	case *drain:
		return []Effect{drained{c.ref}}
	default:
		return nil
	}
}

// handedOver: another address of this server was found. Its session is the newer one, so that the server lets go of the
// older; what is under way there will fail, which is our own doing and counts for nothing.
func (c *connection) handedOver(now Instant, in *addressFound) []Effect {
	if in.dialled.session != nil && c.phase != identified { // a panic lost the word that this is the server's connection
		return c.adopted(now, &confirmed{dialled: in.dialled})
	}
	c.oweAll(now, in.dialled.returns)
	if in.dialled.session == nil {
		return nil
	}
	c.slowDown(now, max(c.moves+1, in.dialled.flaps))
	return c.useSession(now, in.dialled, beforeAnyLife)
}

// oweAll enters what this server may have executed in another one's name.
func (c *connection) oweAll(now Instant, owed []Return) {
	for _, d := range owed {
		c.debts.owe(now, d.Claim, d.Request)
	}
}

// beforeAnyLife is the life in which a connect of somebody else began, for all that is known here: its answer may be
// older than what we have learnt meanwhile.
const beforeAnyLife = 0

// useSession goes on with a new session, whose connect was begun in the given life. A broken connection, or one whose
// server restarted, beats first.
func (c *connection) useSession(now Instant, f dialled, life uint64) []Effect {
	var effects []Effect
	if c.session != nil && c.session != f.session {
		effects = append(effects, closeSession{c.session})
	}
	if c.flight != nil {
		c.flight.superseded = true
	}
	c.session = f.session
	c.hear(now)
	c.successor = ""
	c.unplanRetry()
	c.addresses = moveToFront(c.addresses, f.address)
	c.ref.SetServer(messages.Server{ID: f.hello.Identity.ServerID, Address: f.address})
	_, learnt := c.learn(now, f.hello, life)
	c.recover = c.broken || c.checking
	return append(effects, learnt...)
}

// dropSession forgets a session over which an exchange was not answered.
func (c *connection) dropSession(s transport.Session) []Effect {
	if s == nil || c.session != s {
		return nil
	}
	c.session = nil
	return []Effect{closeSession{s}}
}

// hear notes a reply of any kind.
func (c *connection) hear(now Instant) {
	c.heard = now
	c.ref.NoteReply(now.mono)
}

// answered notes a reply other than a refusal, from the life that is known or from a new one: it ends the count of failed
// beats. Whether the leases live is still to be seen (rule 8).
func (c *connection) answered(now Instant, restarted bool) {
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
func (c *connection) honoured(d time.Duration) time.Duration {
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
