package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/directory"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// runtimeActor is the top of the tree. It runs the directory, and supervises connections and features.
type runtimeActor struct {
	selfRestarting
	machine *directory.Machine
	timer   wakeTimer
}

func newRuntimeActor(t *Tree) actor.Producer {
	return func() actor.Actor {
		return &runtimeActor{selfRestarting: selfRestarting{tree: t, who: "runtime"}, machine: directory.New(&t.settings)}
	}
}

// Receive handles one message: an order of a feature, a message of a connection, a message of Close, or WakeUp.
func (a *runtimeActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case protocol.Input, protocol.Identify, protocol.OtherServerFound, protocol.Drained:
		a.run(c, in)
	}
}

// run handles a message. A supervisor that restarted this actor would stop its children. So after a panic the actor
// rebuilds its machine and handles the message once more; when that panics, too, the message is dropped.
func (a *runtimeActor) run(c actor.Context, in any) {
	if a.step(c, in) {
		return
	}
	a.rebuild()
	again := a.step(c, in)
	for _, ref := range a.tree.Connections() {
		a.tree.send(ref.PID(), &protocol.DropEnded{})
		if a.tree.draining.Load() != nil {
			a.tree.send(ref.PID(), &protocol.Drain{})
		}
	}
	a.tree.askAgain()
	if g, ok := in.(*protocol.GaveUp); ok && !again {
		a.exit(messages.Exited{
			Features: 1, Names: []string{g.Feature}, Servers: a.tree.settings.Servers, Failed: g.Failed, Cause: g.Cause,
		})
	}
}

// step handles a message and reports whether the machine did not panic.
func (a *runtimeActor) step(c actor.Context, in any) bool {
	step := func() []protocol.Effect { return a.machine.Step(a.tree.clock.now(), in) }
	return a.handle(in, step, func(e protocol.Effect) { a.perform(c, e) })
}

func (a *runtimeActor) rebuild() {
	t := a.tree
	a.machine = a.machine.Rebuilt(t.clock.now(), t.Connections(), t.closing.Load(), t.draining.Load())
}

func (a *runtimeActor) perform(c actor.Context, e protocol.Effect) {
	switch e := e.(type) {
	case protocol.Forward:
		a.tree.send(e.To.PID(), e.In)
	case directory.Spawn:
		a.spawn(c, e.Connection)
	case protocol.Publish:
		a.tree.host.Publish(e.Event)
	case directory.Exit:
		a.exit(e.Event)
	case protocol.WakeAt:
		a.timer.set(a.tree, c.Self(), e.At)
	}
}

func (a *runtimeActor) spawn(c actor.Context, ref *protocol.ConnectionRef) {
	pid := c.SpawnPrefix(a.tree.busyProps(newConnectionActor(a.tree, ref)), "connection")
	ref.Started(pid, a.tree.clock.base)
	a.tree.connections.add(ref)
}

// exit publishes Exited and calls the Exit of the host.
func (a *runtimeActor) exit(e messages.Exited) {
	a.tree.host.Publish(e)
	a.tree.host.Exit(e)
}
