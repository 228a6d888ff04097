package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// storeTimeout bounds one call of the outage store; a call that takes longer is left to itself.
const storeTimeout = 10 * time.Second

// downCounterActor performs what the down counter orders.
type outageActor struct {
	selfRestarting
	machine *outage.Counter
	timer   wakeTimer
	storing bool // a merge is under way
}

// startDownCounter loads what the store knows and starts the actor, if outages are counted at all.
func (e *Tree) startOutageActor(ctx context.Context) error {
	if !e.CountOutages {
		return nil
	}
	var known map[string]messages.OutageRecord
	if e.Store != nil {
		var err error
		if known, err = abandonable(ctx, e.Store.Load); err != nil {
			return fmt.Errorf("load outages: %w", err)
		}
	}
	a := &outageActor{selfRestarting: selfRestarting{tree: e, who: "downcounter"}, machine: outage.NewCounter(&e.Settings, e.beganWall, known, e.now())}
	a.begin()
	props := actor.PropsFromProducer(func() actor.Actor { return a }, e.propsOptions()...)
	pid, err := e.System.Root.SpawnNamed(props, e.Name+"/downcounter")
	if err != nil {
		return fmt.Errorf("start actor: %w", err)
	}
	e.counter = pid
	e.send(pid, &protocol.WakeUp{}) // sets the timer
	return nil
}

// begin decides by what the store knows, before there is an actor that could: no checkout is let in before that.
func (a *outageActor) begin() {
	for _, e := range a.machine.Step(a.tree.now(), &protocol.WakeUp{}) {
		if _, timer := e.(protocol.WakeAt); !timer {
			a.perform(nil, e)
		}
	}
}

// settleOutages waits until the store has been told everything or ctx ends, whose cause it returns then: a program that
// lives for seconds has no other time for it.
func (e *Tree) flushOutages(ctx context.Context) error {
	if e.counter == nil {
		return nil
	}
	c := protocol.NewReply()
	e.send(e.counter, &outage.Flush{Reply: c})
	select {
	case err := <-c.Answered():
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Receive takes serverSeen of connections, results of the store, wakeUp, and settle.
func (a *outageActor) Receive(c actor.Context) {
	switch in := c.Message().(type) {
	case *actor.Stopping, *actor.Restarting:
		a.timer.stop()
	case protocol.Input:
		if _, ok := in.(*outage.StoreMerged); ok {
			a.storing = false
		}
		if !a.try(c.Self(), in) {
			a.machine = a.machine.Rebuilt(a.tree.now(), a.storing)
			a.try(c.Self(), in)
		}
	}
}

// try handles a message and reports whether the machine did not panic.
func (a *outageActor) try(self *actor.PID, in protocol.Input) bool {
	step := func() []protocol.Effect { return a.machine.Step(a.tree.now(), in) }
	return a.handle(in, step, func(e protocol.Effect) { a.perform(self, e) })
}

func (a *outageActor) perform(self *actor.PID, e protocol.Effect) {
	env := a.tree
	switch e := e.(type) {
	case protocol.Publish:
		env.Publish(e.Event)
	case outage.GoOn:
		env.send(e.Connection.PID(), &protocol.OutageDecided{})
	case outage.StopAll:
		env.stopAll(e.Err)
	case outage.MergeStore:
		a.merge(self, e)
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case protocol.WakeAt:
		a.timer.set(env, self, e.At)
	case protocol.Warn:
		env.Logger.Warn(e.Text, e.Args...)
	}
}

func (a *outageActor) merge(self *actor.PID, e outage.MergeStore) {
	env := a.tree
	a.storing = true
	if env.Store == nil {
		env.send(self, &outage.StoreMerged{ServerID: e.ServerID, Record: e.Record})
		return
	}
	env.call(self, storeTimeout, func(ctx context.Context) any {
		record, err := abandonable(ctx, func(ctx context.Context) (messages.OutageRecord, error) {
			return env.Store.Merge(ctx, e.ServerID, e.Record)
		})
		return &outage.StoreMerged{ServerID: e.ServerID, Record: record, Err: err}
	})
}

// errStoreGoexit is the error of a store that ended the goroutine which called it.
var errStoreGoexit = errors.New("the outage store called runtime.Goexit")

// abandonable calls host code that may hang whatever its context says, or panic: when ctx ends the call is left to
// itself, on the goroutine that it holds.
func abandonable[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{err: errStoreGoexit}
		defer func() {
			if p := recover(); p != nil {
				o.err = fmt.Errorf("panic: %v", p)
			}
			done <- o
		}()
		o.result, o.err = call(ctx)
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// stopAll ends every feature and refuses checkouts with the error; nil lets them in again. A checkout that starts
// meanwhile either sees the error or is told.
func (e *Tree) stopAll(err *messages.UnavailableError) {
	e.spawnMu.Lock()
	e.unavailable.Store(err)
	features := e.features.list()
	e.spawnMu.Unlock()
	if err == nil {
		return
	}
	e.tellAll(features, &protocol.DownLimit{Err: err})
}

// tellFeatures tells every feature that has not ended.
func (e *Tree) tellFeatures(in protocol.Input) {
	e.spawnMu.Lock()
	features := e.features.list()
	e.spawnMu.Unlock()
	e.tellAll(features, in)
}

func (e *Tree) tellAll(features []*Feature, in protocol.Input) {
	for _, f := range features {
		e.send(f.PID, in)
	}
}
