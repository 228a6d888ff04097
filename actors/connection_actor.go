package actors

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// connectionActor performs what the machine of a connection orders.
type connectionActor struct {
	ref       *ConnectionRef
	tree      *Tree
	machine   *connection
	timer     wakeTimer
	outbox    outbox
	heartbeat *actor.PID
	panics    panics
}

func newConnectionActor(env *Tree, link *ConnectionRef) *connectionActor {
	return &connectionActor{ref: link, tree: env, machine: newConnection(&env.Settings, link, env.newRand())}
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
	case Input:
		defer a.onPanic(in)
		if a.panics.pending != nil {
			a.restart(c)
		}
		a.run(c, in)
	}
}

func (a *connectionActor) run(c actor.Context, in Input) {
	a.tree.injectFault(beforeStep, "connection", in)
	effects := a.machine.step(a.tree.now(), in)
	a.tree.injectFault(afterStep, "connection", in)
	for _, e := range effects {
		a.perform(c, e)
	}
}

// crashing notes a panic on its way out.
func (a *connectionActor) onPanic(in Input) {
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
	machine, effects := a.machine.rebuilt(now, a.tree.newRand(), a.tree.draining.Load())
	effects = append(effects, machine.recoverLost(now, failed.lost)...)
	a.machine = machine
	if failed.usedUp {
		effects = append(effects, machine.dropAll(now, failed.cause)...)
	}
	a.timer.stop()
	for _, e := range effects {
		a.perform(c, e)
	}
	a.outbox.flush(a.tree) // or the features would hear of the old life after they were asked to say it again
	a.tree.tellFeatures(&askAgain{})
}

func (a *connectionActor) start(c actor.Context) {
	props := actor.PropsFromProducer(func() actor.Actor {
		return &heartbeatActor{tree: a.tree, connection: c.Self(), rng: a.tree.newRand()}
	}, a.tree.propsOptions()...)
	a.heartbeat = c.SpawnPrefix(props, "heartbeat")
}

func (a *connectionActor) perform(c actor.Context, e Effect) {
	env, self := a.tree, c.Self()
	switch e := e.(type) {
	case publish:
		env.Publish(e.event)
	case tell, tellAll, forward:
		a.outbox.post(env, self, e)
	case answer:
		e.reply.Answer(e.err)
	case connect:
		env.call(self, unlimited, func(context.Context) any { return env.connect(a.ref, e) })
	case sendBeat:
		env.call(self, e.timeout, func(ctx context.Context) any { return env.beat(ctx, e) })
	case checkout:
		env.call(self, e.timeout, func(ctx context.Context) any { return env.checkout(ctx, e) })
	case checkinAll:
		env.call(self, e.timeout, func(ctx context.Context) any { return env.checkin(ctx, e) })
	case closeSession:
		env.close(e.session)
	case wakeAt:
		a.timer.set(env, self, e.at)
	case beatEvery:
		env.send(a.heartbeat, &paceBeats{interval: e.interval})
	case holdBeats:
		env.send(a.heartbeat, &pauseBeats{pause: e.pause})
	case countOutage:
		env.send(env.counter, e.seen)
	case identify, otherServerFound, drained:
		env.send(env.runtime, e)
	case warn:
		env.Logger.Warn(e.text, e.args...)
	}
}

// unlimited is the deadline of a connect as a whole: each of its addresses has one of its own.
const unlimited = 24 * time.Hour

// heartbeatActor is the timer actor of a connection.
type heartbeatActor struct {
	tree       *Tree
	connection *actor.PID
	rng        *rand.Rand
	machine    heartbeat
	timer      *time.Timer
	panics     panics
}

// Receive takes paceBeats and pauseBeats of the connection, and its own tick.
func (a *heartbeatActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.stop()
	case Input:
		defer a.onPanic()
		if a.panics.pending != nil {
			a.restart()
		}
		a.tree.injectFault(beforeStep, "heartbeat", in)
		for _, e := range a.machine.step(a.tree.now().mono, a.rng.Float64(), in) {
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
	a.machine.reset()
	a.tree.send(a.connection, &beatsLost{})
}

func (a *heartbeatActor) perform(self *actor.PID, e Effect) {
	switch e := e.(type) {
	case due:
		a.tree.send(a.connection, &beatDue{})
	case armTimer:
		a.stop()
		a.timer = time.AfterFunc(e.after, func() { a.tree.send(self, &tick{seq: e.seq}) })
	case stopTimer:
		a.stop()
	}
}

func (a *heartbeatActor) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
