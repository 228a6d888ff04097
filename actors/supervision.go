package actors

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// crash is the information about a panic that the restart of the actor needs. The actor makes the crash while it
// panics, and panics again with the crash as the reason. Then protoactor suspends the mailbox, drops the message, and
// asks the supervisor.
type crash struct {
	cause  string
	lost   []any // the messages that were being handled: several if the restart panicked, too
	pause  time.Duration
	usedUp bool // no restart is left
}

// String returns the cause, for protoactor's log.
func (c *crash) String() string { return c.cause }

// panics is the record of an actor about its own panics.
type panics struct {
	at      []protocol.Instant // within the window
	pending *crash             // the actor has panicked and is not restarted yet; nil otherwise
}

// record notes a panic and decides about the restart. It is called while the actor panics. A panic may lose answers to
// calls of the application, so all waiting calls get an error.
func (p *panics) record(t *Tree, who string, reason, lost any) *crash {
	policy := t.settings.Restarts
	pause, ok := policy.Next(p.count(t.clock.now(), policy.Window), rand.Float64())
	next := &crash{cause: fmt.Sprint(reason), lost: []any{lost}, pause: pause, usedUp: !ok}
	if p.pending != nil {
		next.lost = append(p.pending.lost, lost)
	}
	p.pending = next
	t.host.Logger.Error("an actor panicked; this is a defect of seatbeat, please report it",
		"actor", who, "reason", p.pending.cause, "restart_in", pause, "gives_up", !ok, "stack", string(debug.Stack()))
	t.replies.answerAll(errRestarted)
	return p.pending
}

// count adds a panic and returns how many lie within the window.
func (p *panics) count(now protocol.Instant, window time.Duration) int {
	kept := p.at[:0]
	for _, at := range p.at {
		if now.Mono-at.Mono < window {
			kept = append(kept, at)
		}
	}
	p.at = append(kept, now)
	return len(p.at)
}

// crash returns the panic after which the actor must restart its machine; nil when there was none.
func (p *panics) crash() *crash {
	if p == nil {
		return nil
	}
	return p.pending
}

// restarted says that the actor has been restarted.
func (p *panics) restarted() { p.pending = nil }

// onPanic is deferred by an actor with a supervisor while it handles a message. It passes a panic on as a crash.
func (p *panics) onPanic(t *Tree, who string, in any) {
	if reason := recover(); reason != nil {
		panic(p.record(t, who, reason, in))
	}
}

// wake is sent to an actor that was suspended after a panic, so that it restarts its machine before it handles another
// message.
type wake struct{ protocol.Message }

// restarter is the strategy of supervisors. It resumes the failed actor after the pause. The struct of the actor stays:
// the struct of a feature is also the handle of the application.
type restarter struct{ tree *Tree }

// HandleFailure is called in the supervisor of the actor that failed.
func (r restarter) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	var pause time.Duration
	if c, ok := reason.(*crash); ok {
		pause = c.pause
	}
	r.tree.calls.after(pause, func() {
		s.ResumeChildren(child)
		r.tree.send(child, &wake{})
	})
}

// selfRestarting is an actor without a supervisor: the runtime and the outage counter. It recovers its own panics and
// rebuilds its machine.
type selfRestarting struct {
	tree   *Tree
	who    string
	panics panics
}

// handle takes a step and performs its effects. It returns false when the step panicked. When performing an effect panics,
// that effect is lost and the others are not.
func (s *selfRestarting) handle(in any, step func() []protocol.Effect, perform func(protocol.Effect)) bool {
	var effects []protocol.Effect
	if !s.safely(in, func() {
		s.tree.host.injectFault(beforeStep, s.who, in)
		effects = step()
	}) {
		return false
	}
	s.safely(in, func() { s.tree.host.injectFault(afterStep, s.who, in) })
	for _, e := range effects {
		s.safely(in, func() { perform(e) })
	}
	return true
}

// safely calls do, and reports whether it did not panic.
func (s *selfRestarting) safely(in any, do func()) (done bool) {
	defer func() {
		if reason := recover(); reason != nil {
			s.panics.record(s.tree, s.who, reason, in)
		}
	}()
	do()
	return true
}
