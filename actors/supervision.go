package actors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// crash is what an actor that panicked leaves for its next incarnation. The actor's own code makes it, on the way out,
// and panics with it: protoactor then suspends the mailbox, loses the message, and asks the supervisor.
type crash struct {
	cause  string
	lost   any // the message
	pause  time.Duration
	usedUp bool // no restart is left
}

// String names the cause in protoactor's log.
func (c *crash) String() string { return c.cause }

// failures remembers when one actor failed.
type failures struct{ at []protocol.Instant }

// note adds a failure and returns how many lie within the window.
func (f *failures) note(now protocol.Instant, window time.Duration) int {
	kept := f.at[:0]
	for _, at := range f.at {
		if now.Mono-at.Mono < window {
			kept = append(kept, at)
		}
	}
	f.at = append(kept, now)
	return len(f.at)
}

// crashes is what an actor knows of its own panics.
type panics struct {
	failures failures
	pending  *crash // the actor failed and has not been restarted yet
}

// noted records a panic and decides about it. It is called on the way out of the actor that panicked. What calls of the
// application wait for may be lost with it.
func (e *Tree) record(c *panics, who string, reason any) *crash {
	pause, ok := e.Restarts.Next(c.failures.note(e.now(), e.Restarts.Window), rand.Float64())
	c.pending = &crash{cause: fmt.Sprint(reason), pause: pause, usedUp: !ok}
	e.Logger.Error("an actor panicked; this is a defect of seatbeat, please report it",
		"actor", who, "reason", c.pending.cause, "restart_in", pause, "gives_up", !ok, "stack", string(debug.Stack()))
	e.replies.answerAll(errRestarted)
	return c.pending
}

// steadfast is an actor that nobody restarts but itself: the top of the tree, and what stands beside it.
type selfRestarting struct {
	tree   *Tree
	who    string
	panics panics
}

// handle takes a step and performs what it orders. It reports false when the step panicked. An effect that panics is lost,
// the others are not.
func (s *selfRestarting) handle(in any, step func() []protocol.Effect, perform func(protocol.Effect)) bool {
	var undone []protocol.Effect
	if !s.safely(func() {
		s.tree.injectFault(beforeStep, s.who, in)
		undone = step()
	}) {
		return false
	}
	s.safely(func() { s.tree.injectFault(afterStep, s.who, in) })
	for len(undone) > 0 {
		s.safely(func() {
			e := undone[0]
			undone = undone[1:]
			perform(e)
		})
	}
	return true
}

// safely calls do and reports whether it did not panic.
func (s *selfRestarting) safely(do func()) (done bool) {
	defer func() {
		if reason := recover(); reason != nil {
			s.tree.record(&s.panics, s.who, reason)
		}
	}()
	do()
	return true
}

// restart wakes an actor that was suspended: it finds its crash, and makes itself anew before it handles anything else.
type restart struct{ protocol.Message }

// restarter is the supervisor's strategy. It resumes the failed actor after the pause, in the same incarnation as far as
// protoactor knows: a feature's struct is also the application's handle, and the handle outlives every restart.
type restarter struct{ tree *Tree }

// HandleFailure is called in the parent of the actor that failed.
func (r restarter) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	var pause time.Duration
	if c, ok := reason.(*crash); ok {
		pause = c.pause
	}
	r.tree.after(pause, func() {
		s.ResumeChildren(child)
		r.tree.send(child, &restart{})
	})
}

// after calls do when d has passed or the runtime stops.
func (e *Tree) after(d time.Duration, do func()) {
	e.goroutines.Go(func() {
		ctx, cancel := context.WithTimeout(e.ctx, d)
		defer cancel()
		<-ctx.Done()
		do()
	})
}

// point is where a test may make an actor panic.
type point string

const (
	beforeStep point = "before" // the message is lost
	afterStep  point = "after"  // the message changed the machine, and its effects are lost
)

// faulty calls the tests' hook.
func (e *Tree) injectFault(at point, who string, in any) {
	if e.Fault != nil {
		e.Fault(string(at), who, in)
	}
}
