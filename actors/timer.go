package actors

import (
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// wakeTimer is the one timer of an actor. Its message may arrive late, after another one was set, or early: machines look
// at what is due, not at who woke them.
type wakeTimer struct {
	at    protocol.Instant // when it rings, or rang; zero: it is stopped
	rang  atomic.Bool
	timer *time.Timer
}

// set has the actor woken at that time; zero stops the timer. One that rings sooner is left alone, since the machine says
// again what it waits for when it is woken: a burst that puts the time off again and again costs no timer for each of its
// messages.
func (t *wakeTimer) set(env *Tree, self *actor.PID, at protocol.Instant) {
	sooner := t.at != (protocol.Instant{}) && !t.rang.Load() && t.at.Before(at)
	if at == t.at || sooner {
		return
	}
	t.stop()
	if at == (protocol.Instant{}) {
		return
	}
	t.at = at
	t.timer = time.AfterFunc(max(at.Mono-env.now().Mono, 0), func() {
		t.rang.Store(true)
		env.send(self, &protocol.WakeUp{})
	})
}

func (t *wakeTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
	t.at, t.timer = protocol.Instant{}, nil
	t.rang.Store(false)
}
