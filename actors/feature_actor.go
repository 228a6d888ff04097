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

// Feature is one checkout: its actor with the machine, and the values that the application's handle reads. It is a
// single struct, because there may be a million features. The exported methods, except Receive, are safe for concurrent
// use.
type Feature struct {
	protocol.Member
	tree *Tree

	// Of the actor.
	machine feature.Machine
	panics  *panics         // nil: it never panicked
	granted *protocol.Reply // the reply to the first checkout; nil after the answer

	checkedIn atomic.Bool // Checkin was called
	slot      int32       // index in the registry, whose mutex guards it; negative: not listed

	mu   sync.Mutex    // guards the fields below
	done chan struct{} // made on first use
	err  error         // why the license is gone; nil: it is not gone
}

// Start starts the checkout's actor, which asks the servers for the seats. It blocks until the seats are granted or
// refused, or ctx ends. Afterwards the seats are held, or every request is cancelled and returned. c must be valid.
// Start is called once.
//
// Errors: *messages.CheckoutError with the answer of each server, *messages.UnavailableError, messages.ErrClosed, or the
// cause of ctx.
func (f *Feature) Start(ctx context.Context, t *Tree, c messages.Checkout) error {
	f.tree = t
	f.SetCheckout(c)
	f.machine = feature.New(&t.settings, &f.Member, c.Wait)
	granted := protocol.NewReply()
	f.granted = granted
	deadline, ended := t.clock.deadline(ctx), ctx.Done()
	if err := t.entrance.enter(f); err != nil {
		return err
	}
	t.send(f.PID, &protocol.Begin{Deadline: deadline})
	select {
	case err := <-granted.Answered():
		return err
	case <-ended:
	}
	cause := errNoCause
	defer func() { t.send(f.PID, &protocol.Cancelled{Err: cause}) }() // even when the next line panics: it runs the caller's code
	cause = causeOf(ctx)
	return granted.Cancelled(cause)
}

// errNoCause is the cause of a context whose own code says that it has none.
var errNoCause = errors.New("the context has ended")

// causeOf returns why a context of the caller has ended. It is never nil, which would mean success.
func causeOf(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return errNoCause
}

// Started reports whether Start was called.
func (f *Feature) Started() bool { return f.tree != nil }

// Deadline returns when the server may give the seats away unless a heartbeat is acknowledged before. It is zero for a
// local licence.
func (f *Feature) Deadline() time.Time {
	origin := f.Origin()
	if origin == nil || f.Local() {
		return time.Time{}
	}
	if !f.tree.settings.Automatic() {
		return origin.DeadlineOf(f.ID())
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

// Err returns why the license is gone; nil while it is not gone.
func (f *Feature) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Checkin returns the seats. It blocks until the server has taken them back, or cannot be reached, or ctx ends; in each
// case the license is gone and the runtime returns the seats. Only the first call waits for the server, since the actor may
// have ended before it handles a second one.
func (f *Feature) Checkin(ctx context.Context) error {
	reply := f.tree.replies.new()
	defer f.tree.replies.drop(reply)
	if f.checkedIn.Swap(true) {
		reply.Answer(nil)
	} else {
		f.tree.send(f.PID, &protocol.Checkin{Reply: reply})
	}
	select {
	case <-f.Done():
	case <-ctx.Done():
		f.awaitEnd()
		return causeOf(ctx)
	}
	if err := f.Err(); !errors.Is(err, messages.ErrCheckedIn) {
		return err
	}
	return f.awaitReturn(ctx, reply)
}

// endWithin is how long Checkin waits for its license to end, whatever its context says. The actor needs no server for
// that, so that this time passes only if the process itself stands still.
const endWithin = time.Second

// awaitEnd waits until the license is gone.
func (f *Feature) awaitEnd() {
	late := time.NewTimer(endWithin)
	defer late.Stop()
	select {
	case <-f.Done():
	case <-late.C:
	}
}

// awaitReturn waits until the server has taken the seats back.
func (f *Feature) awaitReturn(ctx context.Context, reply *protocol.Reply) error {
	select {
	case err := <-reply.Answered():
		if errors.Is(err, errRestarted) {
			return nil // the seats are being returned, but the actor lost this call with a panic and cannot say when
		}
		return err
	case <-ctx.Done():
		return causeOf(ctx)
	case <-f.tree.calls.ctx.Done():
		return nil
	}
}

// Heartbeat sends a heartbeat now. It returns nil when the seats are held, the license's error when it is gone, or a
// protocol.TransportError when the server gave no answer.
func (f *Feature) Heartbeat(ctx context.Context) error {
	reply := f.tree.replies.new()
	defer f.tree.replies.drop(reply)
	defer reply.Leave()
	f.tree.send(f.PID, &protocol.HeartbeatNow{Reply: reply})
	select {
	case err := <-reply.Answered():
		if !errors.Is(err, protocol.ErrLicenseGone) {
			return err
		}
	case <-f.Done():
	case <-ctx.Done():
		return causeOf(ctx)
	}
	select {
	case <-f.Done():
		return f.Err()
	case <-ctx.Done():
		return causeOf(ctx)
	}
}

// Receive handles one message: an input of the machine, or wake. Messages of protoactor are ignored.
func (f *Feature) Receive(c actor.Context) {
	in, ok := c.Message().(protocol.Input)
	if !ok {
		return
	}
	defer f.onPanic(in)
	if crash := f.panics.crash(); crash != nil {
		f.restart(c, crash)
		f.panics.restarted()
	}
	f.run(c, in)
}

func (f *Feature) run(c actor.Context, in protocol.Input) {
	f.tree.host.injectFault(beforeStep, "feature", in)
	effects := f.machine.Step(f.tree.clock.now(), in)
	f.tree.host.injectFault(afterStep, "feature", in)
	for _, e := range effects {
		f.machine.Show()
		f.perform(c, e)
	}
	f.machine.Show()
}

// onPanic passes a panic on as a crash.
func (f *Feature) onPanic(in protocol.Input) {
	reason := recover()
	if reason == nil {
		return
	}
	if f.panics == nil {
		f.panics = new(panics)
	}
	panic(f.panics.record(f.tree, "feature", reason, in))
}

// restart resets the machine after a panic. A lost message that ends the checkout is handled again. Other lost messages
// are not needed: the origin says what the feature holds.
func (f *Feature) restart(c actor.Context, crash *crash) {
	state, usedUp := f.State(), crash.usedUp
	if state.Final() && f.Err() != nil {
		return
	}
	if state.Final() { // the feature panicked after its final state and before End was performed
		usedUp = true
		if state = messages.StateHeld; f.Origin() == nil {
			state = messages.StateCheckingOut
		}
	}
	f.machine.Reset(state, f.Origin(), f.Local())
	f.run(c, &protocol.Restarted{Cause: crash.cause, UsedUp: usedUp})
	for _, lost := range crash.lost {
		switch in := lost.(type) {
		case *protocol.Closed, *protocol.Checkin, *protocol.Cancelled, *protocol.DownLimit:
			f.run(c, in.(protocol.Input))
		}
	}
}

func (f *Feature) perform(c actor.Context, e protocol.Effect) {
	t := f.tree
	switch e := e.(type) {
	case protocol.Publish:
		t.host.Publish(e.Event)
	case feature.Ready:
		f.answerCheckout(nil)
	case feature.Queued:
		f.granted.SetPartial(e.Partial)
	case feature.End:
		f.end(e.Err)
		c.Stop(c.Self())
	case protocol.TakeSeat:
		t.send(f.receiverOf(e), &protocol.TakeOrder{Member: &f.Member, TakeSeat: e})
	case protocol.Release:
		t.send(t.runtime, &protocol.ReleaseOrder{Member: &f.Member, Release: e})
	case feature.BeatNow:
		t.send(e.Connection.PID(), &protocol.BeatOrder{Member: &f.Member, Reply: e.Reply})
	case protocol.Answer:
		e.Reply.Answer(e.Err)
	case feature.QueryHoldings: // sent by way of the runtime, so that the query does not overtake a ReleaseOrder
		t.send(t.runtime, &protocol.HoldingsQuery{Member: &f.Member})
	case *protocol.GaveUp:
		t.send(t.runtime, e)
	}
}

// receiverOf returns the actor that gets a take: its connection, or the runtime, which knows the connection for each
// address.
func (f *Feature) receiverOf(e protocol.TakeSeat) *actor.PID {
	if e.Connection != nil {
		return e.Connection.PID()
	}
	return f.tree.runtime
}

// end sets the license's error and closes Done. The caller of a first checkout that was never granted gets the error.
func (f *Feature) end(err error) {
	f.mu.Lock()
	f.err = err
	if f.done != nil {
		close(f.done)
	}
	f.mu.Unlock()
	f.answerCheckout(err)
	f.tree.features.remove(f)
}

// setSlot is called by the registry, with its mutex held.
func (f *Feature) setSlot(slot int32) { f.slot = slot }

// answerCheckout answers the caller of the first checkout, if it still waits.
func (f *Feature) answerCheckout(err error) {
	f.granted.Answer(err)
	f.granted = nil
}
