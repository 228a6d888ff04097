package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/feature"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Feature is one checkout: its machine, its actor and what the application's handle reads, in one struct, since there
// may be a million of them. The machine is the actor's; everything else is safe for concurrent use.
type Feature struct {
	protocol.Member
	tree    *Tree
	machine feature.Machine
	panics  *panics         // nil: it never panicked
	granted *protocol.Reply // answers the first checkout; nil after it

	checkedIn atomic.Bool // Checkin was called
	abandoned atomic.Bool // the caller of the first checkout did not wait for the end
	place     int32       // in the registry; guarded by its mutex

	mu   sync.Mutex
	done chan struct{} // made on first use
	err  error         // not nil: the license is gone
}

// Start makes the checkout's actor, which asks the servers. It blocks until the seats are granted, refused, or ctx ends;
// in the end either the feature is held or nothing is left of it. The checkout must be valid.
func (f *Feature) Start(ctx context.Context, env *Tree, c messages.Checkout) error {
	f.tree = env
	f.Claim = messages.Claim{Feature: c.Feature, Version: c.Version, Count: c.Seats()}
	f.Exact = c.Exact
	f.machine = feature.New(&env.Settings, &f.Member, c.Wait)
	granted := protocol.NewReply()
	f.granted = granted
	if err := env.enter(f); err != nil {
		return err
	}
	env.send(f.PID, &protocol.Begin{Deadline: env.deadline(ctx)})
	select {
	case err := <-granted.Answered():
		return err
	case <-ctx.Done():
		f.abandoned.Store(true)
		env.send(f.PID, &protocol.Cancelled{Err: context.Cause(ctx)})
		return granted.Cancelled(context.Cause(ctx))
	}
}

// deadline returns when ctx ends, as an instant; zero when it does not by itself.
func (e *Tree) deadline(ctx context.Context) protocol.Instant {
	at, ok := ctx.Deadline()
	if !ok {
		return protocol.Instant{}
	}
	return protocol.Instant{Mono: max(at.Sub(e.began), 1)}
}

// Deadline returns when the server may give the seats away unless a heartbeat is acknowledged before; zero for a local
// licence.
func (f *Feature) Deadline() time.Time {
	origin := f.Origin()
	if origin == nil || f.Local() {
		return time.Time{}
	}
	return origin.Deadline()
}

// Done returns a channel that is closed when the license is gone.
func (f *Feature) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.err != nil {
			close(f.done)
		}
	}
	return f.done
}

// Err returns nil while the license lives, and then why it is gone.
func (f *Feature) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Checkin returns the seats. It ends when the server has taken them back, when the server is not there to wait for, or
// with the error of ctx; in each case the license is gone and the runtime returns the seats. Only the first call waits
// for the server: the actor may have ended before it reads of another one.
func (f *Feature) Checkin(ctx context.Context) error {
	c := f.tree.replies.open()
	defer f.tree.replies.close(c)
	if f.checkedIn.Swap(true) {
		c.Answer(nil)
	} else {
		f.tree.send(f.PID, &protocol.Checkin{Reply: c})
	}
	select {
	case <-f.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := f.Err(); !errors.Is(err, messages.ErrCheckedIn) {
		return err
	}
	return f.await(ctx, c)
}

func (f *Feature) await(ctx context.Context, c *protocol.Reply) error {
	select {
	case err := <-c.Answered():
		if errors.Is(err, errRestarted) {
			return nil // the seats are on their way back, but nobody is left who could tell when they are there
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.tree.ctx.Done():
		return nil
	}
}

// Heartbeat beats now and returns nil when the seats are held, the license's error when it is gone, or why the server
// gave no answer.
func (f *Feature) Heartbeat(ctx context.Context) error {
	c := f.tree.replies.open()
	defer f.tree.replies.close(c)
	f.tree.send(f.PID, &protocol.HeartbeatNow{Reply: c})
	select {
	case err := <-c.Answered():
		if !errors.Is(err, protocol.ErrLicenseGone) {
			return err
		}
	case <-f.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-f.Done():
		return f.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Receive is the actor: it lists nothing, since every message it gets is an input of the machine, or restart.
func (f *Feature) Receive(c actor.Context) {
	in, ok := c.Message().(protocol.Input)
	if !ok {
		return // protoactor's own messages
	}
	defer f.onPanic()
	if f.panics != nil && f.panics.pending != nil {
		f.restart(c)
	}
	f.run(c, in)
}

func (f *Feature) run(c actor.Context, in protocol.Input) {
	f.tree.injectFault(beforeStep, "feature", in)
	effects := f.machine.Step(f.tree.now(), in)
	f.tree.injectFault(afterStep, "feature", in)
	for _, e := range effects {
		f.machine.Show()
		f.perform(c, e)
	}
	f.machine.Show()
}

// crashing notes a panic on its way out.
func (f *Feature) onPanic() {
	reason := recover()
	if reason == nil {
		return
	}
	if f.panics == nil {
		f.panics = new(panics)
	}
	panic(f.tree.record(f.panics, "feature", reason))
}

// revive makes the machine anew after a panic. What the application asked for meanwhile may have been lost with the
// message; its flags were not.
func (f *Feature) restart(c actor.Context) {
	failed := f.panics.pending
	f.panics.pending = nil
	state, ended := f.State(), f.Err() != nil
	if state.Final() && ended {
		return
	}
	if state.Final() { // it was about to end
		failed.usedUp = true
		if state = messages.StateHeld; f.Origin() == nil {
			state = messages.StateCheckingOut
		}
	}
	f.machine.Reset(state, f.Origin(), f.Local())
	f.run(c, &protocol.Restarted{Cause: failed.cause, UsedUp: failed.usedUp})
	switch {
	case f.tree.closing.Load():
		f.run(c, &protocol.Closed{})
	case f.checkedIn.Load():
		f.tree.replies.answerAll(errRestarted) // its message may still be on the way, and will find the actor gone
		f.run(c, &protocol.Checkin{})
	case f.abandoned.Load():
		f.run(c, &protocol.Cancelled{Err: context.Canceled})
	}
	if err := f.tree.unavailable.Load(); err != nil {
		f.run(c, &protocol.DownLimit{Err: err})
	}
}

func (f *Feature) perform(c actor.Context, e protocol.Effect) {
	switch e := e.(type) {
	case protocol.Publish:
		f.tree.Publish(e.Event)
	case feature.Ready:
		f.granted.Answer(nil)
		f.granted = nil
	case feature.Queued:
		f.granted.SetPartial(e.Partial)
	case feature.End:
		f.end(e.Err)
		c.Stop(c.Self())
	case protocol.TakeSeat:
		f.tree.send(f.connectionFor(e), &protocol.TakeOrder{Member: &f.Member, TakeSeat: e})
	case protocol.Release:
		f.tree.send(f.tree.runtime, &protocol.ReleaseOrder{Member: &f.Member, Release: e})
	case feature.BeatNow:
		f.tree.send(e.Connection.PID(), &protocol.BeatOrder{Member: &f.Member, Reply: e.Reply})
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case feature.QueryHoldings:
		f.tree.send(f.tree.runtime, &protocol.HoldingsQuery{Member: &f.Member})
	case *protocol.GaveUp:
		f.tree.send(f.tree.runtime, e)
	}
}

func (f *Feature) connectionFor(e protocol.TakeSeat) *actor.PID {
	if e.Connection != nil {
		return e.Connection.PID()
	}
	return f.tree.runtime
}

// end closes Done. The caller of a first checkout that never was granted gets the error instead.
func (f *Feature) end(err error) {
	f.mu.Lock()
	f.err = err
	if f.done != nil {
		close(f.done)
	}
	f.mu.Unlock()
	f.granted.Answer(err)
	f.granted = nil
	f.tree.features.remove(f)
}
