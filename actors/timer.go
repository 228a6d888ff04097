package actors

import (
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// wakeTimer is the one timer of an actor. A WakeUp may come early or late, so machines check what is due.
type wakeTimer struct {
	at    protocol.Instant // when it rings, or rang; zero: it is stopped
	rang  atomic.Bool
	timer *time.Timer
}

// set wakes the actor at an instant; zero stops the timer. A timer that rings earlier is left alone: when woken, the
// machine orders the next wake-up. So many messages that postpone the wake-up cost one timer.
func (w *wakeTimer) set(t *Tree, self *actor.PID, at protocol.Instant) {
	sooner := w.at != (protocol.Instant{}) && !w.rang.Load() && w.at.Before(at)
	if at == w.at || sooner {
		return
	}
	w.stop()
	if at == (protocol.Instant{}) {
		return
	}
	w.at = at
	w.timer = time.AfterFunc(max(at.Mono-t.clock.now().Mono, 0), func() {
		w.rang.Store(true)
		t.send(self, &protocol.WakeUp{})
	})
}

func (w *wakeTimer) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.at, w.timer = protocol.Instant{}, nil
	w.rang.Store(false)
}
