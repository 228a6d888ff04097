package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/hostcode"
	"github.com/seatbeat/seatbeat/messages"
)

// storeTimeout bounds one call of the outage store. A call that takes longer is abandoned.
const storeTimeout = 10 * time.Second

// outageActor is the outage counter.
type outageActor struct {
	selfRestarting
	machine *outage.Counter
	timer   wakeTimer
	storing bool // the store is merging
}

// startCounter loads the stored outages and starts the outage counter. It returns nil when outages are not counted.
func startCounter(ctx context.Context, t *Tree) (*actor.PID, error) {
	if !t.settings.CountOutages {
		return nil, nil
	}
	var known map[string]messages.OutageRecord
	if t.host.Store != nil {
		var err error
		if known, err = hostcode.Call(ctx, t.calls.store, func() (map[string]messages.OutageRecord, error) {
			return t.host.Store.Load(ctx)
		}, nil); err != nil {
			return nil, fmt.Errorf("load outages: %w", err)
		}
	}
	a := &outageActor{
		selfRestarting: selfRestarting{tree: t, who: "counter"},
		machine:        outage.NewCounter(&t.settings, t.clock.base, known, t.clock.now()),
	}
	a.begin()
	pid, err := t.host.System.Root.SpawnNamed(t.props(func() actor.Actor { return a }), t.host.Name+"/counter")
	if err != nil {
		return nil, fmt.Errorf("start actor: %w", err)
	}
	t.send(pid, &protocol.WakeUp{}) // sets the timer
	return pid, nil
}

// begin applies the stored outages before the actor runs, so that no checkout is accepted past the limit.
func (a *outageActor) begin() {
	for _, e := range a.machine.Step(a.tree.clock.now(), &protocol.WakeUp{}) {
		if _, timer := e.(protocol.WakeAt); !timer {
			a.perform(nil, e)
		}
	}
}

// Receive handles one message: ServerSeen of connections, the result of a merge, Flush, or WakeUp. After a panic the actor
// rebuilds its machine and handles the message once more; when that panics, too, the message is dropped.
func (a *outageActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case protocol.Input:
		if _, ok := in.(*outage.StoreMerged); ok {
			a.storing = false
		}
		if !a.step(c.Self(), in) {
			a.machine = a.machine.Rebuilt(a.tree.clock.now(), a.storing)
			a.step(c.Self(), in)
		}
	}
}

// step handles a message and reports whether the machine did not panic.
func (a *outageActor) step(self *actor.PID, in protocol.Input) bool {
	step := func() []protocol.Effect { return a.machine.Step(a.tree.clock.now(), in) }
	return a.handle(in, step, func(e protocol.Effect) { a.perform(self, e) })
}

func (a *outageActor) perform(self *actor.PID, e protocol.Effect) {
	t := a.tree
	switch e := e.(type) {
	case protocol.Publish:
		t.host.Publish(e.Event)
	case protocol.Forward:
		t.send(e.To.PID(), e.In)
	case outage.StopAll:
		a.stopAll(e.Err)
	case outage.MergeStore:
		a.merge(self, e)
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case protocol.WakeAt:
		a.timer.set(t, self, a.soon(e.At))
	case protocol.Warn:
		t.host.Logger.Warn(e.Text, e.Args...)
	}
}

// wallLook is how often the counter looks at the wall clock, by which outages leave their window: the timer stands still while
// the machine sleeps, and does not see that the clock was set.
const wallLook = 10 * time.Second

// soon returns the time of the machine's timer, or an earlier one at which the wall clock is looked at. Zero stays zero.
func (a *outageActor) soon(at protocol.Instant) protocol.Instant {
	if at == (protocol.Instant{}) {
		return at
	}
	return protocol.Sooner(at, a.tree.clock.now().After(wallLook))
}

// stopAll ends every feature and refuses checkouts with the error. After a nil error checkouts are accepted again.
func (a *outageActor) stopAll(err *messages.UnavailableError) {
	features := a.tree.entrance.refuse(err)
	if err != nil {
		a.tree.tellAll(features, &protocol.DownLimit{Err: err})
	}
}

func (a *outageActor) merge(self *actor.PID, e outage.MergeStore) {
	t := a.tree
	a.storing = true
	if t.host.Store == nil {
		t.send(self, &outage.StoreMerged{ServerID: e.ServerID, Record: e.Record})
		return
	}
	t.calls.run(self, storeTimeout, func(ctx context.Context) any {
		record, err := callHost(ctx, t.calls.store, func() (messages.OutageRecord, error) {
			return t.host.Store.Merge(ctx, e.ServerID, e.Record)
		})
		return &outage.StoreMerged{ServerID: e.ServerID, Record: record, Err: err}
	})
}
