package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// runtimeActor is the top of the tree: it performs what the directory orders, and it is the parent that supervises.
type runtimeActor struct {
	steadfast
	machine *directory
	timer   wakeTimer
}

// Start starts the tree of a runtime. ctx bounds the loading of what the outage store knows.
func Start(ctx context.Context, host Host, settings Settings) (*Env, error) {
	settings.Restarts = settings.Restarts.withDefaults()
	e := &Env{Settings: settings, Host: host, began: time.Now(), beganWall: host.Wall().Round(0), dispatcher: newDispatcher(0)}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.props = actor.PropsFromProducer(func() actor.Actor { return e.spawning }, e.propsOptions()...)
	root := &runtimeActor{steadfast: steadfast{env: e, who: "runtime"}, machine: newDirectory(&e.Settings)}
	props := actor.PropsFromProducer(func() actor.Actor { return root }, e.hubOptions()...)
	pid, err := host.System.Root.SpawnNamed(props, host.Name)
	if err != nil {
		e.cancel()
		return nil, fmt.Errorf("start actor %s: %w", host.Name, err)
	}
	e.directory = pid
	if err := e.startDownCounter(ctx); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

// Receive takes orders of features, what connections find, and words of whoever closes the runtime.
func (a *runtimeActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case input:
		a.run(c, in)
	case identify, strangerFound, drained:
		a.run(c, in)
	}
}

// run handles a message. The top of the tree has no supervisor that would keep its children: after a panic it makes its
// machine anew and handles the message once more; one that panics again is dropped.
func (a *runtimeActor) run(c actor.Context, in any) {
	if a.try(c, in) {
		return
	}
	a.machine = rebuiltDirectory(a.env, a.machine)
	again := a.try(c, in)
	for _, link := range a.env.Links() {
		a.env.send(link.pid, &reconcile{})
		if a.env.draining.Load() {
			a.env.send(link.pid, &drain{})
		}
	}
	a.env.tellFeatures(&askAgain{})
	if g, ok := in.(*gaveUpOrder); ok && !again {
		a.exit(messages.Exited{
			Features: 1, Names: []string{g.feature}, Servers: a.env.Servers, Failed: g.failed, Cause: g.cause,
		})
	}
}

// try handles a message and reports whether the machine did not panic.
func (a *runtimeActor) try(c actor.Context, in any) bool {
	step := func() []effect { return a.machine.step(a.env.now(), in) }
	return a.handle(in, step, func(e effect) { a.perform(c, e) })
}

func (a *runtimeActor) exit(e messages.Exited) {
	a.env.Publish(e)
	a.env.Exit(e)
}

func (a *runtimeActor) perform(c actor.Context, e effect) {
	switch e := e.(type) {
	case forward:
		a.env.send(e.to.pid, e.in)
	case spawn:
		a.spawn(c, e.link)
	case publish:
		a.env.Publish(e.event)
	case exit:
		a.exit(e.event)
	case wakeAt:
		a.timer.set(a.env, c.Self(), e.at)
	}
}

func (a *runtimeActor) spawn(c actor.Context, link *Link) {
	env := a.env
	props := actor.PropsFromProducer(func() actor.Actor { return newConnectionActor(env, link) }, env.hubOptions()...)
	link.base = env.beganWall
	link.pid = c.SpawnPrefix(props, "connection")
	env.links.add(link)
}

// States counts the checkouts that have not ended, by state.
func (e *Env) States() [messages.States]int { return e.features.states() }

// Links returns all connections, in the order in which they were made.
func (e *Env) Links() []*Link { return e.links.list() }

// Close ends every feature, returns what is owed until ctx ends, and stops the tree: when it returns no goroutine, timer
// or session of the runtime is left. It returns the error of ctx if returns are left unanswered.
func (e *Env) Close(ctx context.Context) error {
	e.closing.Store(true)
	e.send(e.directory, &closing{})
	e.spawnMu.Lock()
	features, ended := e.features.close()
	e.spawnMu.Unlock()
	for _, f := range features {
		e.send(f.pid, &closed{})
	}
	err := e.drain(ctx, ended)
	_ = e.settleOutages(ctx) // a store that fails or hangs is reported by itself, and no seat depends on it
	e.stop()
	return err
}

func (e *Env) drain(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c := newPromise()
	e.drainCall.Store(c)
	e.draining.Store(true)
	e.send(e.directory, &drainAll{call: c})
	select {
	case err := <-c.answered:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends exchanges first, so that their last messages find their actors.
func (e *Env) stop() {
	e.cancel()
	for _, s := range e.sessions.drain() {
		shut(s)
	}
	e.exchanges.close()
	e.dispatcher.wait() // features stop by themselves, and tell their parent, which must be there to hear it
	if e.counter != nil {
		_ = e.System.Root.StopFuture(e.counter).Wait()
	}
	_ = e.System.Root.StopFuture(e.directory).Wait()
	for _, s := range e.sessions.drain() { // opened while we stopped
		shut(s)
	}
}

func (e *Env) propsOptions() []actor.PropsOption {
	return []actor.PropsOption{actor.WithDispatcher(e.dispatcher), actor.WithMailbox(newMailbox), actor.WithSupervisor(restarter{e})}
}

// hubOptions are for the actors that all features talk to.
func (e *Env) hubOptions() []actor.PropsOption {
	return append(e.propsOptions(), actor.WithDispatcher(hubTurns{e.dispatcher}))
}
