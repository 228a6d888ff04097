package actors

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/connection"
	"github.com/seatbeat/seatbeat/actors/heartbeat"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// connectionActor performs what the machine of a connection orders.
type connectionActor struct {
	ref       *protocol.ConnectionRef
	tree      *Tree
	machine   *connection.Machine
	timer     wakeTimer
	outbox    outbox
	heartbeat *actor.PID
	panics    panics
}

func newConnectionActor(env *Tree, link *protocol.ConnectionRef) *connectionActor {
	return &connectionActor{ref: link, tree: env, machine: connection.New(&env.Settings, link, env.newRand())}
}

// Receive takes orders of features, words of the runtime, results of exchanges, wakeUp, and tellMore.
func (a *connectionActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Started:
		a.start(c)
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case *tellMore:
		a.outbox.goOn(a.tree, c.Self())
	case protocol.Input:
		defer a.onPanic(in)
		if a.panics.pending != nil {
			a.restart(c)
		}
		a.run(c, in)
	}
}

func (a *connectionActor) run(c actor.Context, in protocol.Input) {
	a.tree.injectFault(beforeStep, "connection", in)
	effects := a.machine.Step(a.tree.now(), in)
	a.tree.injectFault(afterStep, "connection", in)
	for _, e := range effects {
		a.perform(c, e)
	}
}

// crashing notes a panic on its way out.
func (a *connectionActor) onPanic(in protocol.Input) {
	if reason := recover(); reason != nil {
		crash := a.tree.record(&a.panics, "connection", reason)
		crash.lost = in
		panic(crash)
	}
}

// revive makes the machine anew after a panic, and has every feature say again what it asks for.
func (a *connectionActor) restart(c actor.Context) {
	failed := a.panics.pending
	a.panics.pending = nil
	now := a.tree.now()
	machine, effects := a.machine.Rebuilt(now, a.tree.newRand(), a.tree.draining.Load())
	effects = append(effects, machine.RecoverLost(now, failed.lost)...)
	a.machine = machine
	if failed.usedUp {
		effects = append(effects, machine.DropAll(now, failed.cause)...)
	}
	a.timer.stop()
	for _, e := range effects {
		a.perform(c, e)
	}
	a.outbox.flush(a.tree) // or the features would hear of the old life after they were asked to say it again
	a.tree.tellFeatures(&protocol.AskAgain{})
}

func (a *connectionActor) start(c actor.Context) {
	props := actor.PropsFromProducer(func() actor.Actor {
		return &heartbeatActor{tree: a.tree, connection: c.Self(), rng: a.tree.newRand()}
	}, a.tree.propsOptions()...)
	a.heartbeat = c.SpawnPrefix(props, "heartbeat")
}

func (a *connectionActor) perform(c actor.Context, e protocol.Effect) {
	env, self := a.tree, c.Self()
	switch e := e.(type) {
	case protocol.Publish:
		env.Publish(e.Event)
	case protocol.Tell, protocol.TellAll, protocol.Forward:
		a.outbox.post(env, self, e)
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case connection.Connect:
		env.call(self, unlimited, func(context.Context) any { return env.connect(a.ref, e) })
	case connection.SendBeat:
		env.call(self, e.Timeout, func(ctx context.Context) any { return env.beat(ctx, e) })
	case connection.Checkout:
		env.call(self, e.Timeout, func(ctx context.Context) any { return env.checkout(ctx, e) })
	case connection.CheckinAll:
		env.call(self, e.Timeout, func(ctx context.Context) any { return env.checkin(ctx, e) })
	case connection.CloseSession:
		env.close(e.Session)
	case protocol.WakeAt:
		a.timer.set(env, self, e.At)
	case connection.BeatEvery:
		env.send(a.heartbeat, &protocol.PaceBeats{Interval: e.Interval})
	case connection.HoldBeats:
		env.send(a.heartbeat, &protocol.PauseBeats{Pause: e.Pause})
	case protocol.CountOutage:
		env.send(env.counter, e.Seen)
	case protocol.Identify, protocol.OtherServerFound, protocol.Drained:
		env.send(env.runtime, e)
	case protocol.Warn:
		env.Logger.Warn(e.Text, e.Args...)
	}
}

// unlimited is the deadline of a connect as a whole: each of its addresses has one of its own.
const unlimited = 24 * time.Hour

// heartbeatActor is the timer actor of a connection.
type heartbeatActor struct {
	tree       *Tree
	connection *actor.PID
	rng        *rand.Rand
	machine    heartbeat.Machine
	timer      *time.Timer
	panics     panics
}

// Receive takes paceBeats and pauseBeats of the connection, and its own tick.
func (a *heartbeatActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.stop()
	case protocol.Input:
		defer a.onPanic()
		if a.panics.pending != nil {
			a.restart()
		}
		a.tree.injectFault(beforeStep, "heartbeat", in)
		for _, e := range a.machine.Step(a.tree.now().Mono, a.rng.Float64(), in) {
			a.perform(c.Self(), e)
		}
	}
}

func (a *heartbeatActor) onPanic() {
	if reason := recover(); reason != nil {
		panic(a.tree.record(&a.panics, "heartbeat", reason))
	}
}

// revive starts with no beats; the connection says again at what interval.
func (a *heartbeatActor) restart() {
	a.panics.pending = nil
	a.stop()
	a.machine.Reset()
	a.tree.send(a.connection, &protocol.BeatsLost{})
}

func (a *heartbeatActor) perform(self *actor.PID, e protocol.Effect) {
	switch e := e.(type) {
	case heartbeat.Due:
		a.tree.send(a.connection, &protocol.BeatDue{})
	case heartbeat.ArmTimer:
		a.stop()
		a.timer = time.AfterFunc(e.After, func() { a.tree.send(self, &heartbeat.Tick{Seq: e.Seq}) })
	case heartbeat.StopTimer:
		a.stop()
	}
}

func (a *heartbeatActor) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
