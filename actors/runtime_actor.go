package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/directory"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/mailbox"
	"github.com/seatbeat/seatbeat/messages"
)

// runtimeActor is the top of the tree: it performs what the directory orders, and it is the parent that supervises.
type runtimeActor struct {
	selfRestarting
	machine *directory.Machine
	timer   wakeTimer
}

// Start starts the tree of a runtime. ctx bounds the loading of what the outage store knows.
func Start(ctx context.Context, host Host, settings protocol.Settings) (*Tree, error) {
	settings.Restarts = settings.Restarts.WithDefaults()
	e := &Tree{Settings: settings, Host: host, began: time.Now(), beganWall: host.Wall().Round(0), dispatcher: mailbox.NewDispatcher(0)}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.props = actor.PropsFromProducer(func() actor.Actor { return e.spawning }, e.propsOptions()...)
	root := &runtimeActor{selfRestarting: selfRestarting{tree: e, who: "runtime"}, machine: directory.New(&e.Settings)}
	props := actor.PropsFromProducer(func() actor.Actor { return root }, e.busyOptions()...)
	pid, err := host.System.Root.SpawnNamed(props, host.Name)
	if err != nil {
		e.cancel()
		return nil, fmt.Errorf("start actor %s: %w", host.Name, err)
	}
	e.runtime = pid
	if err := e.startOutageActor(ctx); err != nil {
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
	case protocol.Input:
		a.run(c, in)
	case protocol.Identify, protocol.OtherServerFound, protocol.Drained:
		a.run(c, in)
	}
}

// run handles a message. The top of the tree has no supervisor that would keep its children: after a panic it makes its
// machine anew and handles the message once more; one that panics again is dropped.
func (a *runtimeActor) run(c actor.Context, in any) {
	if a.try(c, in) {
		return
	}
	var waiting *protocol.Reply
	if a.tree.draining.Load() {
		waiting = a.tree.drainCall.Load()
	}
	a.machine = a.machine.Rebuilt(a.tree.now(), a.tree.Connections(), a.tree.closing.Load(), waiting)
	again := a.try(c, in)
	for _, link := range a.tree.Connections() {
		a.tree.send(link.PID(), &protocol.DropEnded{})
		if a.tree.draining.Load() {
			a.tree.send(link.PID(), &protocol.Drain{})
		}
	}
	a.tree.tellFeatures(&protocol.AskAgain{})
	if g, ok := in.(*protocol.GaveUp); ok && !again {
		a.exit(messages.Exited{
			Features: 1, Names: []string{g.Feature}, Servers: a.tree.Servers, Failed: g.Failed, Cause: g.Cause,
		})
	}
}

// try handles a message and reports whether the machine did not panic.
func (a *runtimeActor) try(c actor.Context, in any) bool {
	step := func() []protocol.Effect { return a.machine.Step(a.tree.now(), in) }
	return a.handle(in, step, func(e protocol.Effect) { a.perform(c, e) })
}

func (a *runtimeActor) exit(e messages.Exited) {
	a.tree.Publish(e)
	a.tree.Exit(e)
}

func (a *runtimeActor) perform(c actor.Context, e protocol.Effect) {
	switch e := e.(type) {
	case protocol.Forward:
		a.tree.send(e.To.PID(), e.In)
	case directory.Spawn:
		a.spawn(c, e.Connection)
	case protocol.Publish:
		a.tree.Publish(e.Event)
	case directory.Exit:
		a.exit(e.Event)
	case protocol.WakeAt:
		a.timer.set(a.tree, c.Self(), e.At)
	}
}

func (a *runtimeActor) spawn(c actor.Context, link *protocol.ConnectionRef) {
	env := a.tree
	props := actor.PropsFromProducer(func() actor.Actor { return newConnectionActor(env, link) }, env.busyOptions()...)
	link.Started(c.SpawnPrefix(props, "connection"), env.beganWall)
	env.connections.add(link)
}

// States counts the checkouts that have not ended, by state.
func (e *Tree) States() [messages.States]int { return e.features.states() }

// Links returns all connections, in the order in which they were made.
func (e *Tree) Connections() []*protocol.ConnectionRef { return e.connections.list() }

// Close ends every feature, returns what is owed until ctx ends, and stops the tree: when it returns no goroutine, timer
// or session of the runtime is left. It returns the error of ctx if returns are left unanswered.
func (e *Tree) Close(ctx context.Context) error {
	e.closing.Store(true)
	e.send(e.runtime, &directory.Closing{})
	e.spawnMu.Lock()
	features, ended := e.features.close()
	e.spawnMu.Unlock()
	for _, f := range features {
		e.send(f.PID, &protocol.Closed{})
	}
	err := e.drain(ctx, ended)
	_ = e.flushOutages(ctx) // a store that fails or hangs is reported by itself, and no seat depends on it
	e.stop()
	return err
}

func (e *Tree) drain(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c := protocol.NewReply()
	e.drainCall.Store(c)
	e.draining.Store(true)
	e.send(e.runtime, &directory.DrainAll{Reply: c})
	select {
	case err := <-c.Answered():
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends exchanges first, so that their last messages find their actors.
func (e *Tree) stop() {
	e.cancel()
	for _, s := range e.sessions.drain() {
		shut(s)
	}
	e.goroutines.close()
	e.dispatcher.Wait() // features stop by themselves, and tell their parent, which must be there to hear it
	if e.counter != nil {
		_ = e.System.Root.StopFuture(e.counter).Wait()
	}
	_ = e.System.Root.StopFuture(e.runtime).Wait()
	for _, s := range e.sessions.drain() { // opened while we stopped
		shut(s)
	}
}

func (e *Tree) propsOptions() []actor.PropsOption {
	return []actor.PropsOption{actor.WithDispatcher(e.dispatcher), actor.WithMailbox(mailbox.New), actor.WithSupervisor(restarter{e})}
}

// hubOptions are for the actors that all features talk to.
func (e *Tree) busyOptions() []actor.PropsOption {
	return append(e.propsOptions(), actor.WithDispatcher(e.dispatcher.LongTurns(2*tellsAtOnce)))
}
