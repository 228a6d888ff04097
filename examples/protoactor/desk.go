package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
)

// Messages that a desk receives, besides the events of seatbeat.
type (
	// order asks for something; the desk answers with a string.
	order struct{ number int }
	// answered is the result of a checkout.
	answered struct {
		to      *desk // who asked; another one if protoactor has restarted the actor since then
		license *supervisor.License
		err     error
	}
	// askAgain tells the desk to check out again.
	askAgain struct{}
)

// pause is the time after a checkout that failed until the next one.
const pause = 10 * time.Second

// errNoAnswer is why a desk has no licence while its first checkout is under way.
var errNoAnswer = errors.New("no licence server has answered yet")

// desk takes orders while it holds a seat.
type desk struct {
	rt      *supervisor.Runtime
	license *supervisor.License // nil while the desk has none
	cause   error               // why it has none
	ctx     context.Context     // for checkouts
	leave   func()              // undoes start
	retry   *time.Timer         // sends askAgain
}

// Receive handles one message. Protoactor calls it for one message at a time.
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
		if d.license != nil && d.license.Status().ID == m.ID { // and not the event of another checkout
			d.lost(c)
		}
	}
}

// start subscribes to the events of seatbeat. The handler, which runs on a goroutine of seatbeat, sends them to the desk.
func (d *desk) start(c actor.Context) {
	d.cause = errNoAnswer
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

// ask checks out on a goroutine of its own, since Receive must not block. The result comes as a message.
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
		if m.license.Err() != nil { // then LicenseLost may have come before this message
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

// giveBack returns the seat of a licence, on a goroutine of its own.
func giveBack(license *supervisor.License) {
	if license == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = license.Checkin(ctx) // if no server is reached, the runtime returns the seat later
	}()
}
