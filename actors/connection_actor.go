package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/connection"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// connectionActor is the actor of one connection. The runtime's actor is its supervisor.
type connectionActor struct {
	tree      *Tree
	ref       *protocol.ConnectionRef
	machine   *connection.Machine
	timer     wakeTimer
	outbox    outbox
	heartbeat *actor.PID
	panics    panics
}

func newConnectionActor(t *Tree, ref *protocol.ConnectionRef) actor.Producer {
	return func() actor.Actor {
		return &connectionActor{tree: t, ref: ref, machine: connection.New(&t.settings, ref, t.host.newRand())}
	}
}

// Receive handles one message: an order of a feature, a message of the runtime, the heartbeat timer, the outage counter or
// another connection, the result of a call, WakeUp, or tellMore.
func (a *connectionActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Started:
		a.heartbeat = c.SpawnPrefix(a.tree.props(newHeartbeatActor(a.tree, c.Self())), "heartbeat")
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case *tellMore:
		a.outbox.more(a.tree, c.Self())
	case protocol.Input:
		defer a.panics.onPanic(a.tree, "connection", in)
		if crash := a.panics.crash(); crash != nil {
			a.restart(c, crash)
			a.panics.restarted()
		}
		a.run(c, in)
	}
}

func (a *connectionActor) run(c actor.Context, in protocol.Input) {
	a.tree.host.injectFault(beforeStep, "connection", in)
	effects := a.machine.Step(a.tree.clock.now(), in)
	a.tree.host.injectFault(afterStep, "connection", in)
	for _, e := range effects {
		a.perform(c, e)
	}
}

// restart rebuilds the machine after a panic, and makes every feature repeat its request.
func (a *connectionActor) restart(c actor.Context, crash *crash) {
	now := a.tree.clock.now()
	machine, effects := a.machine.Rebuilt(now, a.tree.host.newRand(), a.tree.draining.Load() != nil)
	for _, lost := range crash.lost {
		effects = append(effects, machine.RecoverLost(now, lost)...)
	}
	if crash.usedUp {
		effects = append(effects, machine.DropAll(now, crash.cause)...)
	}
	a.machine = machine
	a.timer.stop()
	for _, e := range effects {
		a.perform(c, e)
	}
	a.outbox.flush(a.tree) // features must get the messages of the old machine before they are asked again
	a.tree.askAgain()
}

func (a *connectionActor) perform(c actor.Context, e protocol.Effect) {
	t, self := a.tree, c.Self()
	switch e := e.(type) {
	case protocol.Publish:
		t.host.Publish(e.Event)
	case protocol.Tell, protocol.TellAll, protocol.Forward:
		a.outbox.post(t, self, e)
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case connection.Connect:
		t.calls.run(self, unlimited, func(context.Context) any { return t.calls.connect(a.ref, e) })
	case connection.SendBeat:
		t.calls.run(self, e.Timeout, func(ctx context.Context) any { return t.calls.beat(ctx, e) })
	case connection.Checkout:
		t.calls.run(self, e.Timeout, func(ctx context.Context) any { return t.calls.checkout(ctx, e) })
	case connection.CheckinAll:
		t.calls.run(self, e.Timeout, func(ctx context.Context) any { return t.calls.checkin(ctx, e) })
	case connection.CloseSession:
		t.calls.closeSession(e.Session)
	case protocol.WakeAt:
		a.timer.set(t, self, e.At)
	case connection.BeatEvery:
		t.send(a.heartbeat, &protocol.PaceBeats{Interval: e.Interval})
	case connection.HoldBeats:
		t.send(a.heartbeat, &protocol.PauseBeats{Pause: e.Pause})
	case protocol.CountOutage:
		t.send(t.counter, e.Seen)
	case protocol.Identify, protocol.OtherServerFound, protocol.Drained:
		t.send(t.runtime, e)
	case protocol.Warn:
		t.host.Logger.Warn(e.Text, e.Args...)
	}
}

// unlimited is the deadline of a connect as a whole, since each of its addresses has a deadline of its own.
const unlimited = 24 * time.Hour
