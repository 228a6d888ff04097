package actors

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// connectionActor performs what the machine of a connection orders.
type connectionActor struct {
	env       *Env
	machine   *connection
	timer     wakeTimer
	outbox    outbox
	heartbeat *actor.PID
	crashes   crashes
}

func newConnectionActor(env *Env, link *Link) *connectionActor {
	return &connectionActor{env: env, machine: newConnection(&env.Settings, link, env.draw())}
}

// Receive takes orders of features, words of the runtime, results of exchanges, wakeUp, and tellMore.
func (a *connectionActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Started:
		a.start(c)
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case *tellMore:
		a.outbox.goOn(a.env, c.Self())
	case input:
		defer a.crashing(in)
		if a.crashes.pending != nil {
			a.revive(c)
		}
		a.run(c, in)
	}
}

func (a *connectionActor) run(c actor.Context, in input) {
	a.env.faulty(beforeStep, "connection", in)
	effects := a.machine.step(a.env.now(), in)
	a.env.faulty(afterStep, "connection", in)
	for _, e := range effects {
		a.perform(c, e)
	}
}

// crashing notes a panic on its way out.
func (a *connectionActor) crashing(in input) {
	if reason := recover(); reason != nil {
		crash := a.env.noted(&a.crashes, "connection", reason)
		crash.lost = in
		panic(crash)
	}
}

// revive makes the machine anew after a panic, and has every feature say again what it asks for.
func (a *connectionActor) revive(c actor.Context) {
	failed := a.crashes.pending
	a.crashes.pending = nil
	now := a.env.now()
	machine, effects := a.machine.reborn(now, a.env.draw())
	effects = append(effects, machine.salvage(now, failed.lost)...)
	a.machine = machine
	machine.draining = machine.draining || a.env.draining.Load()
	if failed.usedUp {
		effects = append(effects, machine.surrender(now, failed.cause)...)
	}
	a.timer.stop()
	for _, e := range effects {
		a.perform(c, e)
	}
	a.outbox.flush(a.env) // or the features would hear of the old life after they were asked to say it again
	a.env.tellFeatures(&askAgain{})
}

func (a *connectionActor) start(c actor.Context) {
	props := actor.PropsFromProducer(func() actor.Actor {
		return &heartbeatActor{env: a.env, connection: c.Self(), rng: a.env.draw()}
	}, a.env.propsOptions()...)
	a.heartbeat = c.SpawnPrefix(props, "heartbeat")
}

func (a *connectionActor) perform(c actor.Context, e effect) {
	env, self := a.env, c.Self()
	switch e := e.(type) {
	case publish:
		env.Publish(e.event)
	case tell, tellAll, forward:
		a.outbox.post(env, self, e)
	case reply:
		e.call.answer(e.err)
	case connect:
		link := a.machine.link
		env.exchange(self, unlimited, func(context.Context) any { return env.connect(link, e) })
	case sendBeat:
		env.exchange(self, e.timeout, func(ctx context.Context) any { return env.beat(ctx, e) })
	case checkout:
		env.exchange(self, e.timeout, func(ctx context.Context) any { return env.checkout(ctx, e) })
	case checkinAll:
		env.exchange(self, e.timeout, func(ctx context.Context) any { return env.checkin(ctx, e) })
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
	case identify, strangerFound, drained:
		env.send(env.directory, e)
	case warn:
		env.Logger.Warn(e.text, e.args...)
	}
}

// unlimited is the deadline of a connect as a whole: each of its addresses has one of its own.
const unlimited = 24 * time.Hour

// heartbeatActor is the timer actor of a connection.
type heartbeatActor struct {
	env        *Env
	connection *actor.PID
	rng        *rand.Rand
	machine    heartbeat
	timer      *time.Timer
	crashes    crashes
}

// Receive takes paceBeats and pauseBeats of the connection, and its own tick.
func (a *heartbeatActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.stop()
	case input:
		defer a.crashing()
		if a.crashes.pending != nil {
			a.revive()
		}
		a.env.faulty(beforeStep, "heartbeat", in)
		for _, e := range a.machine.step(a.env.now().mono, a.rng.Float64(), in) {
			a.perform(c.Self(), e)
		}
	}
}

func (a *heartbeatActor) crashing() {
	if reason := recover(); reason != nil {
		panic(a.env.noted(&a.crashes, "heartbeat", reason))
	}
}

// revive starts with no beats; the connection says again at what interval.
func (a *heartbeatActor) revive() {
	a.crashes.pending = nil
	a.stop()
	a.machine = heartbeat{seq: a.machine.seq}
	a.env.send(a.connection, &beatsLost{})
}

func (a *heartbeatActor) perform(self *actor.PID, e effect) {
	switch e := e.(type) {
	case due:
		a.env.send(a.connection, &beatDue{})
	case armTimer:
		a.stop()
		a.timer = time.AfterFunc(e.after, func() { a.env.send(self, &tick{seq: e.seq}) })
	case stopTimer:
		a.stop()
	}
}

func (a *heartbeatActor) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
