package connection

import (
	"math/rand/v2"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Machine is the machine of one connection. It is a router: it gives each input to the part that handles it, then lets
// the parts start what has become possible, in a fixed order. The package documentation says what the parts know.
type Machine struct {
	set   *protocol.Settings
	ref   *protocol.ConnectionRef
	out   notices
	drain drainState
	timer protocol.WakeOrder

	// Parts that know something. They order nothing.
	peer      peer
	dialer    dialer
	throttle  throttle
	gate      outageGate
	beats     beats
	checkouts checkouts

	// Parts that lead a conversation: they handle inputs and order effects.
	server     server
	schedule   schedule
	age        leaseAge
	heartbeats heartbeats
	manual     manual
	taking     taking
	returning  returning
	dialing    dialing
}

// Step applies one input and returns the effects to perform, in order: those of the input, then those of what it made
// possible, then the time at which to wake. It is not safe for concurrent use.
func (c *Machine) Step(now protocol.Instant, in any) []protocol.Effect {
	if c.peer.phase == aliased {
		c.forward(in)
		return c.out.take()
	}
	c.dispatch(now, in)
	if c.peer.phase != aliased {
		c.pump(now)
		c.show()
		c.out.order(c.wake(now))
	}
	return c.out.take()
}

// dispatch hands orders of features, results of calls and the timers' inputs to the part that handles them.
func (c *Machine) dispatch(now protocol.Instant, in any) {
	switch in := in.(type) {
	case *protocol.TakeOrder:
		c.takeOrdered(now, in)
	case *protocol.ReleaseOrder:
		c.returning.released(now, in)
	case *protocol.BeatOrder:
		c.manual.ordered(now, in)
	case *protocol.HoldingsQuery:
		c.holdingsQueried(in)
	case *protocol.BeatDue:
		c.heartbeats.due(now)
	case *protocol.WakeUp:
		c.woken(now)
	case *Connected:
		c.dialing.connected(now, in)
	case *BeatAnswered:
		c.heartbeats.answered(now, in)
	case *TakesAnswered:
		c.taking.answered(now, in)
	case *ReturnsAnswered:
		c.returning.answered(now, in)
	default:
		c.control(now, in)
	}
}

// control hands messages of the runtime and of the other actors to the part that handles them.
func (c *Machine) control(now protocol.Instant, in any) {
	switch in := in.(type) {
	case *protocol.Confirmed:
		c.server.confirmed(now, in.Dialled)
	case *protocol.AliasOf:
		c.aliased(in)
	case *protocol.AddressFound:
		c.server.addressFound(now, in.Dialled)
	case *protocol.ReplacedBy:
		c.replaced(now, in)
	case *protocol.TakenOver:
		c.takeOver(now, in)
	case *protocol.DropEnded:
		c.checkouts.leaveEnded(now)
	case *protocol.OutageDecided:
		if in.Exceeded {
			c.taking.cancelAll(now)
		}
		c.heartbeats.decided(now)
	case *protocol.ClockJumped:
		c.heartbeats.clockJumped(now)
	case *protocol.BeatsLost:
		c.schedule.timerRestarted()
	case *protocol.Drain:
		c.drain = draining
		c.dialer.retryNow()
	}
}

// pump starts whatever can be started now. A connection that recovers first asks for all of its leases (rule 8); takes and
// returns follow.
func (c *Machine) pump(now protocol.Instant) {
	c.schedule.pace() // if no feature is left to recover, returns need not wait for a heartbeat
	c.checkouts.takes.resume(now)
	c.server.closeRetired()
	if c.dialer.session == nil {
		c.dialing.dial(now)
	} else {
		c.dialer.rest()
		c.heartbeats.start(now)
		if !c.heartbeats.first(now) && !c.gate.closed() {
			c.taking.send(now)
			c.returning.send(now)
		}
	}
	if c.beats.unsettled() && c.beats.inFlight == nil && c.dialer.attempt == nil {
		c.server.planRetry(now)
	}
	if seen := c.gate.takeUnsent(); seen != nil {
		c.out.order(protocol.CountOutage{Seen: seen})
	}
	c.schedule.pace()
	if c.drain == draining && c.checkouts.returns.empty() {
		c.drain = drained
		c.checkouts.forgetRefusals(now, c.peer.hello.ClientTimeout)
		c.out.order(protocol.Drained{Connection: c.ref, Refused: len(c.checkouts.refusals)})
	}
}

// woken does what has become due.
func (c *Machine) woken(now protocol.Instant) {
	if c.dialer.due(now) {
		c.beats.retry()
		if c.beats.isPostponed() {
			c.heartbeats.due(now)
		}
	}
	c.heartbeats.overdue(now)
	if c.gate.overdue(now) {
		c.heartbeats.decided(now)
	}
	c.taking.overdue(now)
	c.dialing.doubt(now)
	c.checkouts.expire(now, c.peer.hello.ClientTimeout)
	c.age.check(now)
}

// wake returns the order to wake this connection when the next thing is due.
func (c *Machine) wake(now protocol.Instant) protocol.Effect {
	return c.timer.WakeAt(protocol.Sooner(c.due(now), c.server.doubtAt()))
}

// due returns when the next thing is due, but for doubting the session.
func (c *Machine) due(now protocol.Instant) protocol.Instant {
	var next, throttled protocol.Instant
	if !c.throttle.allows(now, takesAndReturns) && !c.checkouts.idle() {
		throttled = c.throttle.calls
	}
	for _, at := range []protocol.Instant{
		c.dialer.retryAt, c.checkouts.takes.wakeAt(), c.checkouts.returns.expiry(c.peer.hello.ClientTimeout), c.age.checkAt,
		c.beats.waitLimit(), throttled, c.gate.until,
	} {
		next = protocol.Sooner(next, at)
	}
	return next
}

// show publishes what Status says of this connection.
func (c *Machine) show() {
	leases := &c.checkouts.leases
	var deadline time.Duration
	if leases.leases > 0 {
		deadline = c.age.acked().Wall + c.peer.hello.ClientTimeout
	}
	c.ref.Show(c.beats.failed, len(leases.index), deadline)
}

// takeOrdered takes an order for seats. At its origin a feature in a failover round first asks for the lease that it has
// (rule 6).
func (c *Machine) takeOrdered(now protocol.Instant, o *protocol.TakeOrder) {
	slot, isOrigin := c.checkouts.leases.slot(o.Member)
	switch {
	case c.drain != running:
	case c.peer.nowhere() && c.peer.movedTo != nil && !isOrigin: // to the server that is at the address now
		c.out.forward(c.peer.movedTo, o)
	case c.peer.hasAnswered(o):
		c.out.answeredBefore(o)
	case isOrigin && o.Mode == protocol.RoundMode && c.checkouts.leases.hasLease(slot):
		c.heartbeats.confirm(now, o)
	default:
		c.taking.ordered(now, o)
	}
}

// holdingsQueried answers from the lease table. What the feature may have missed is told again: that its lease timed out,
// or that its origin was replaced.
func (c *Machine) holdingsQueried(o *protocol.HoldingsQuery) {
	leases := &c.checkouts.leases
	s, ok := leases.slot(o.Member)
	switch {
	case !ok && c.peer.movedTo != nil:
		c.out.tell(o.Member, &protocol.OriginReplaced{Connection: c.ref, By: c.peer.movedTo})
	case ok && leases.timedOut(s):
		c.out.tell(o.Member, c.out.leaseTimedOut(c.peer.hello.ClientTimeout))
	default:
		held, local := leases.holding(o.Member)
		c.out.tell(o.Member, &protocol.Holdings{
			Connection: c.ref, Held: held, Local: local, Recovering: c.beats.recovering && !local, // rule 1
			Last: c.heartbeats.lastFailure(""),
		})
	}
}

// replaced is called when other servers answer at every address of this server. Its features move to the given
// connection: each is told its new origin first, then that its lease has ended. This server still gets its seats back
// (rules 7 and 14).
func (c *Machine) replaced(now protocol.Instant, in *protocol.ReplacedBy) {
	c.peer.moved(in.Connection)
	for _, t := range c.checkouts.takes.all() {
		c.taking.cancel(now, t)
		if t.mode != protocol.RetakeMode {
			c.out.forward(in.Connection, t.order())
		}
	}
	moved := c.checkouts.moveAway(now)
	c.beats.moved()
	c.age.stop()
	c.heartbeats.unconfirmed("another server answers at the address", true)
	c.out.forward(in.Connection, moved)
	c.out.followed(moved.Members, in.Connection)
}

// takeOver registers the features of a server that this one has replaced.
func (c *Machine) takeOver(now protocol.Instant, in *protocol.TakenOver) {
	c.checkouts.takeOver(now, in)
	c.peer.moved(nil)
	c.age.watchAgain(now) // their leases may be older than those here
}

// aliased ends this connection, because the server already has another connection. That connection gets the takes and
// every later order.
func (c *Machine) aliased(in *protocol.AliasOf) {
	c.peer.alias(in.Connection)
	c.ref.SetAliased()
	for _, t := range c.checkouts.takes.all() {
		c.out.forward(in.Connection, t.order())
	}
	c.manual.fail(c.manual.takeCalls(), nil)
	c.checkouts.forgetTakes()
	if c.drain != running {
		c.out.order(protocol.Drained{Connection: c.ref})
	}
	c.out.order(protocol.WakeAt{})
}

// forward is all that an aliased connection does.
func (c *Machine) forward(in any) {
	switch in := in.(type) {
	case *protocol.TakeOrder, *protocol.ReleaseOrder, *protocol.BeatOrder, *protocol.HoldingsQuery:
		c.out.forward(c.peer.aliasOf, in)
	case *Connected:
		c.out.closeSessions(in)
	case *protocol.Drain:
		c.out.order(protocol.Drained{Connection: c.ref})
	}
}

// Rebuilt returns a machine that goes on with what this one, which panicked, held and owed, and the effects to perform
// first. rng is for the new machine alone. isDraining says that the runtime is being closed.
func (c *Machine) Rebuilt(now protocol.Instant, rng *rand.Rand, isDraining bool) (*Machine, []protocol.Effect) {
	n := rebuild(c, now, rng, isDraining)
	return n, n.out.take()
}

// RecoverLost handles the part of a lost input that no sender repeats: it closes sessions, and takes over features and
// returns that other connections handed to this one.
func (c *Machine) RecoverLost(now protocol.Instant, lost any) []protocol.Effect {
	recoverLost(c, now, lost)
	return c.out.take()
}

// DropAll gives up everything that is held here, because the actor is not restarted again. cause is its last panic.
func (c *Machine) DropAll(now protocol.Instant, cause string) []protocol.Effect {
	c.out.tellAll(c.checkouts.leaveAll(now), &protocol.RestartsUsedUp{Connection: c.ref, Cause: cause})
	return c.out.take()
}
