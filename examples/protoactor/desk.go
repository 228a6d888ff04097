package main

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
)

// Messages of a desk, besides the events of seatbeat.
type (
	order    struct{ number int } // is answered by a string
	answered struct {             // a checkout has ended
		to      *desk               // who asked: an actor that was restarted is another one
		license *supervisor.License // nil: err says why
		err     error
	}
	askAgain struct{}
)

const pause = 10 * time.Second // between two checkouts that fail

// desk takes orders while it holds a seat.
type desk struct {
	rt      *supervisor.Runtime
	license *supervisor.License // nil while there is none
	cause   error               // why there is none
	ctx     context.Context     // of checkouts
	leave   func()              // undoes what start did
	retry   *time.Timer
}

func (d *desk) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		d.start(c)
		d.ask(c)
	case *actor.Stopping, *actor.Restarting:
		d.leave()
	case order:
		c.Respond(d.take(m))
	case answered:
		d.answered(c, m)
	case askAgain:
		d.ask(c)
	case messages.LicenseLost:
		if d.license != nil && d.license.Status().ID == m.ID { // it may be another one's
			d.lost(c)
		}
	}
}

// start subscribes to the events. The handler runs on seatbeat's goroutine: it only passes them on.
func (d *desk) start(c actor.Context) {
	self, root, stream := c.Self(), c.ActorSystem().Root, c.ActorSystem().EventStream
	subscription := stream.SubscribeWithPredicate(
		func(e any) { root.Send(self, e) },
		func(e any) bool { _, ours := e.(messages.Event); return ours },
	)
	ctx, cancel := context.WithCancel(context.Background())
	d.ctx = ctx
	d.retry = time.AfterFunc(pause, func() { root.Send(self, askAgain{}) })
	d.retry.Stop()
	d.leave = func() {
		stream.Unsubscribe(subscription)
		cancel()
		d.retry.Stop()
		giveBack(d.license)
	}
}

// ask checks out on a goroutine of its own: Receive must not block. What comes of it is a message.
func (d *desk) ask(c actor.Context) {
	self, root, ctx := c.Self(), c.ActorSystem().Root, d.ctx
	go func() {
		license, err := d.rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0)})
		if ctx.Err() != nil {
			giveBack(license)
			return
		}
		root.Send(self, answered{to: d, license: license, err: err})
	}()
}

func (d *desk) answered(c actor.Context, m answered) {
	switch {
	case m.to != d:
		giveBack(m.license)
	case m.err != nil:
		d.cause = m.err
		d.retry.Reset(pause)
	default:
		d.license = m.license
		if m.license.Err() != nil { // then its event may have come before
			d.lost(c)
		}
	}
}

func (d *desk) lost(c actor.Context) {
	d.cause, d.license = d.license.Err(), nil
	d.ask(c)
}

func (d *desk) take(o order) string {
	if d.license == nil {
		return fmt.Sprintf("order %d: closed: %v", o.number, d.cause)
	}
	return fmt.Sprintf("order %d: taken", o.number)
}

// giveBack returns the seat that a license holds, beside the actor.
func giveBack(license *supervisor.License) {
	if license == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = license.Checkin(ctx) // what is not reached now is returned later
	}()
}
