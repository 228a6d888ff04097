package connection

import (
	"math/rand/v2"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// phase is how much a connection knows of its server.
type phase uint8

const (
	// unidentified: an address, not yet reached. Takes wait here until its server said who it is.
	unidentified phase = iota
	// identifying: the server is known; the runtime is being asked whether it has a connection already.
	identifying
	// identified: this is the one connection to its server.
	identified
	// merged: the address belongs to another connection, which gets everything that still comes here.
	merged
)

// Machine is the machine of one client's tie to one server: its leases, the takes and returns under way, the beats,
// and the way back after a break. It settles every take by itself: whatever the features do meanwhile, each request that
// may have been executed is either held, or asked for, or owed a return.
//
// It does no I/O: exchanges are effects, and their results come back as inputs.
type Machine struct {
	set *protocol.Settings
	ref *protocol.ConnectionRef
	rng *rand.Rand // of request ids and jitter; seeded by the actor
	seq uint64     // of the latest exchange; an answer to another one is stale

	phase     phase
	into      *protocol.ConnectionRef // the connection that a merged one forwards to
	addresses []messages.Address      // where this server is, the latest found first
	hello     transport.Hello         // what the server last said of itself
	life      uint64                  // grows with each identity learnt; an older exchange's answer is from an older life
	former    string                  // BootID of the life before: its Epoch may be the higher one, when the server came back from a backup
	heard     protocol.Instant        // when the server last replied, to anything
	session   transport.Session       // nil: none, or not to be trusted
	attempt   *attempt                // the connect under way; nil: none
	strays    []protocol.Dialled      // sessions to other servers that answered in this one's stead, until it is decided
	successor string                  // ServerID of the one in this one's stead that was told of last; empty once this one is back
	heir      *protocol.ConnectionRef // whom the features followed last; kept when this server is back, for those that missed it
	urgent    bool                    // something new wants the server: connect without waiting for retryAt

	table leaseTable
	takes takeBook
	debts debtBook

	acked        protocol.Instant // when the last good beat, or the first take, was sent
	failed       int              // beats failed in a row (rule 4)
	broken       bool             // the features must be recovered by a good beat of the whole list (rule 8)
	recover      bool             // a beat that recovers them is to be tried now
	postponed    bool             // the server asked to beat later; the beat is due again at retryAt
	due          *dueBeat
	flight       *flight // the beat under way; nil: none
	askers       []asker // sweeping features that wait for a beat of their lease
	calls        []beatCall
	beating      time.Duration    // the interval that the heartbeat actor was told; 0: it is stopped
	atRisk       bool             // LeaseAtRisk was told in this break
	warned       bool             // the effective interval was logged
	draining     bool             // the runtime closes: nothing is taken any more
	drained      bool             // and nothing is owed: the runtime was told
	retries      int              // reconnect tries of this break
	retryAt      protocol.Instant // zero: no retry is planned
	notBefore    protocol.Instant // the server's retry-after for connects and beats
	forgiveUntil protocol.Instant // failed beats are not counted until then
	askAfter     protocol.Instant // and for takes and returns
	moves        int              // handovers and new lives since the server answered twice as the same, see slowDown
	outage       outage           // what the down counter is to be told
	checking     bool             // the clocks parted: beat until one is answered, without counting
	riskAt       protocol.Instant // when the oldest lease is to be looked at; zero: not at all
	timer        protocol.WakeOrder
}

func New(set *protocol.Settings, link *protocol.ConnectionRef, rng *rand.Rand) *Machine {
	return &Machine{
		set: set, ref: link, rng: rng, addresses: []messages.Address{link.Server().Address},
		table: newLeaseTable(), takes: newTakeBook(), debts: newDebtBook(),
	}
}

// Step applies one input and returns the effects to perform, in order: those of the input, then whatever it made
// possible, then the time at which to wake.
func (c *Machine) Step(now protocol.Instant, in any) []protocol.Effect {
	if c.phase == merged {
		return c.forward(in)
	}
	effects := c.dispatch(now, in)
	if c.phase == merged {
		return effects
	}
	effects = append(effects, c.pump(now)...)
	c.show()
	return append(effects, c.wake(now))
}

func (c *Machine) dispatch(now protocol.Instant, in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.TakeOrder:
		return c.take(now, in)
	case *protocol.ReleaseOrder:
		return c.leave(now, in)
	case *protocol.BeatOrder:
		return c.beatOrdered(now, in)
	case *protocol.HoldingsQuery:
		return c.recallFeature(in)
	case *protocol.BeatDue:
		return c.beatDue(now)
	case *protocol.WakeUp:
		return c.woken(now)
	case *Connected:
		return c.connected(now, in)
	case *BeatAnswered:
		return c.beatAnswered(now, in)
	case *TakesAnswered:
		return c.takesAnswered(now, in)
	case *ReturnsAnswered:
		return c.returnsAnswered(now, in)
	default:
		return c.told(now, in)
	}
}

// told takes the words of the runtime and of the actors beside this one.
func (c *Machine) told(now protocol.Instant, in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.Confirmed:
		return c.adopted(now, in)
	case *protocol.AliasOf:
		return c.merge(in)
	case *protocol.AddressFound:
		return c.handedOver(now, in)
	case *protocol.ReplacedBy:
		return c.replaced(now, in)
	case *protocol.TakenOver:
		return c.inherit(now, in)
	case *protocol.DropEnded:
		return c.reconcileTable(now)
	case *protocol.OutageDecided:
		return c.decided(now)
	case *protocol.ClockJumped:
		return c.jumped(now)
	case *protocol.BeatsLost:
		c.beating = 0
	case *protocol.Drain:
		c.draining, c.drained, c.urgent = true, false, true
	}
	return nil
}

// pump starts whatever can be started now. A broken connection first beats its whole list (rule 8); takes and returns
// follow.
func (c *Machine) pump(now protocol.Instant) []protocol.Effect {
	effects := c.pace()  // nobody may be left to recover: what is owed need not wait for a beat then
	c.takes.release(now) // also without a session: a time that has come is not woken for again
	if c.session == nil {
		effects = append(effects, c.reach(now)...)
	} else {
		c.urgent = false
		effects = append(effects, c.startBeat(now)...)
		if !c.recovering() && !c.deciding() {
			effects = append(effects, c.sendTakes(now)...)
			effects = append(effects, c.sendReturns(now)...)
		}
	}
	if (c.broken || c.checking) && c.flight == nil && c.attempt == nil {
		c.planRetry(now)
	}
	effects = append(effects, c.tellCounter()...)
	effects = append(effects, c.pace()...)
	if c.draining && !c.drained && c.debts.empty() {
		c.drained = true
		effects = append(effects, protocol.Drained{Connection: c.ref})
	}
	return effects
}

// recovering reports whether a beat has to come first.
func (c *Machine) recovering() bool {
	return c.broken && c.set.Automatic() && (c.flight != nil || c.wantsBeat())
}

// planRetry plans the next reconnect try, unless one is planned, or nothing is left to reconnect for.
func (c *Machine) planRetry(now protocol.Instant) {
	if c.retryAt != (protocol.Instant{}) || !c.hasWork() {
		return
	}
	pause := backoff(c.retries, c.rng.Float64(), retryCap(c.set))
	c.retries++
	c.retryAt = protocol.Later(now.After(pause), c.notBefore)
}

// unplanRetry takes the next try off the plan, since one is made now. A beat that the server put off stays planned.
func (c *Machine) unplanRetry() {
	if !c.postponed {
		c.retryAt = protocol.Instant{}
	}
}

// hasWork reports whether the server is wanted for something that is repeated until it answers.
func (c *Machine) hasWork() bool {
	recovery := (c.broken || c.checking) && c.set.Automatic() && c.table.beaten() > 0
	return recovery || c.takes.repeated(c.set.Automatic()) || !c.debts.empty()
}

// woken does what has become due.
func (c *Machine) woken(now protocol.Instant) []protocol.Effect {
	var effects []protocol.Effect
	if protocol.Passed(now, c.retryAt) {
		c.retryAt, c.urgent = protocol.Instant{}, true
		c.recover = c.recover || c.broken || c.checking
		if c.postponed {
			effects = append(effects, c.beatDue(now)...)
		}
	}
	if c.due != nil && c.flight == nil && protocol.Passed(now, c.due.limit) {
		effects = append(effects, c.countFailure(now, "no answer within "+c.beatDeadline().String())...)
	}
	if protocol.Passed(now, c.outage.by) {
		effects = append(effects, c.decided(now)...)
	}
	effects = append(effects, c.takesDue(now)...)
	c.debts.forget(now, c.hello.ClientTimeout, c.table.lacks)
	return append(effects, c.checkRisk(now)...)
}

// wake returns the order to wake this connection when the next thing is due.
func (c *Machine) wake(now protocol.Instant) protocol.Effect {
	var next protocol.Instant
	for _, at := range []protocol.Instant{c.retryAt, c.takes.next(), c.debts.next(c.hello.ClientTimeout), c.riskAt, c.beatLimit(), c.askLimit(now), c.outage.by} {
		next = protocol.Sooner(next, at)
	}
	return c.timer.WakeAt(next)
}

// beatLimit is when a due beat that waits for a session has failed; one that is under way ends by its own deadline.
func (c *Machine) beatLimit() protocol.Instant {
	if c.due == nil || c.flight != nil {
		return protocol.Instant{}
	}
	return c.due.limit
}

// askLimit is when takes and returns that the server asked to hold back may be sent.
func (c *Machine) askLimit(now protocol.Instant) protocol.Instant {
	if now.Before(c.askAfter) && (!c.takes.empty() || !c.debts.empty()) {
		return c.askAfter
	}
	return protocol.Instant{}
}

// show publishes what Status tells of this connection.
func (c *Machine) show() {
	var deadline time.Duration
	if c.table.leases > 0 {
		deadline = c.acked.Wall + c.hello.ClientTimeout
	}
	c.ref.Show(c.failed, len(c.table.index), deadline)
}
