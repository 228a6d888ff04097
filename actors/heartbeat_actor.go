package actors

import (
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/heartbeat"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// heartbeatActor is the heartbeat timer of a connection. The connection's actor is its supervisor.
type heartbeatActor struct {
	tree       *Tree
	connection *actor.PID
	rng        *rand.Rand
	machine    heartbeat.Machine
	timer      *time.Timer
	panics     panics
}

func newHeartbeatActor(t *Tree, connection *actor.PID) actor.Producer {
	return func() actor.Actor { return &heartbeatActor{tree: t, connection: connection, rng: t.host.newRand()} }
}

// Receive handles one message: PaceBeats and PauseBeats of the connection, and the timer's own Tick.
func (a *heartbeatActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.stopTimer()
	case protocol.Input:
		defer a.panics.onPanic(a.tree, "heartbeat", in)
		if a.panics.crash() != nil {
			a.restart()
			a.panics.restarted()
		}
		a.tree.host.injectFault(beforeStep, "heartbeat", in)
		for _, e := range a.machine.Step(a.tree.clock.now().Mono, a.rng.Float64(), in) {
			a.perform(c.Self(), e)
		}
	}
}

// restart begins with a stopped timer. The connection answers BeatsLost with the interval.
func (a *heartbeatActor) restart() {
	a.stopTimer()
	a.machine.Reset()
	a.tree.send(a.connection, &protocol.BeatsLost{})
}

func (a *heartbeatActor) perform(self *actor.PID, e protocol.Effect) {
	switch e := e.(type) {
	case heartbeat.Due:
		a.tree.send(a.connection, &protocol.BeatDue{})
	case heartbeat.ArmTimer:
		a.stopTimer()
		a.timer = time.AfterFunc(e.After, func() { a.tree.send(self, &heartbeat.Tick{Seq: e.Seq}) })
	case heartbeat.StopTimer:
		a.stopTimer()
	}
}

func (a *heartbeatActor) stopTimer() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
