package supervisor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// nthFault makes an actor panic at the nth point that actors pass: each handles a message and then performs the effects.
type nthFault struct {
	mu    sync.Mutex
	seen  []string // "point actor message" of each
	at    int      // the point of the panic; -1: none
	where string
}

func (b *nthFault) fault(point, who string, in any) {
	b.mu.Lock()
	n := len(b.seen)
	where := fmt.Sprintf("%s %s %T", point, who, in)
	b.seen = append(b.seen, where)
	if n == b.at {
		b.where = where
	}
	b.mu.Unlock()
	if n == b.at {
		panic("sabotage " + where)
	}
}

// throughEveryState leads licenses through all states: held, restarted, retaken, failed over, checked in.
func throughEveryState(h *harness) []*License {
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	defer cancel()
	var held []*License
	for range 3 {
		if l, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2"}); err == nil {
			held = append(held, l)
		}
	}
	h.server(1).Restart()
	h.pass(2 * time.Minute)
	h.server(1).Forget()
	h.pass(2 * time.Minute)
	h.server(1).Down()
	h.pass(4 * time.Minute)
	h.server(1).Up()
	h.pass(2 * time.Minute)
	if len(held) > 0 {
		_ = held[0].Checkin(ctx)
	}
	h.pass(6 * time.Minute)
	return held
}

// TestAPanicAnywhereLosesNoSeat makes each actor panic at each message of a run, once before it handles the message and once
// before it performs the effects.
func TestAPanicAnywhereLosesNoSeat(t *testing.T) {
	t.Parallel()
	setup := func(b *nthFault) func(*harness) {
		return func(h *harness) {
			h.observeCalls(1) // after a panic, a beat and a return may be sent in the same instant, in either order
			h.config.fault = b.fault
			h.config.Heartbeat = Heartbeat{Attempts: 2, Interval: time.Minute}
			h.config.DownLimit = DownLimit{Max: 100}
			var drawn atomic.Uint32
			h.config.seed = func() [32]byte { return [32]byte{byte(drawn.Add(1))} }
		}
	}
	dry := &nthFault{at: -1}
	withHarness(t, 2, setup(dry), func(h *harness) { throughEveryState(h) })
	assert.Contains(t, dry.seen, "before connection *connection.BeatAnswered")
	for at := range len(dry.seen) {
		t.Run(fmt.Sprintf("%d %s", at, dry.seen[at]), func(t *testing.T) {
			t.Parallel()
			b := &nthFault{at: at}
			withHarness(t, 2, setup(b), func(h *harness) {
				held := throughEveryState(h)
				assertSound(h, held, b)
				h.close()
				h.pass(6 * time.Minute)
				assert.Zero(h, h.server(1).HeldTotal()+h.server(2).HeldTotal(), "seats after %s", b.where)
			})
		})
	}
}

// assertSound asserts that each license is held with exactly its seats, or is gone with an error.
func assertSound(h *harness, held []*License, b *nthFault) {
	live := 0
	for i, l := range held {
		if l.Err() == nil {
			live++
			assert.Equal(h, messages.StateHeld, l.Status().State, "license %d after %s", i, b.where)
		}
	}
	seats := h.server(1).HeldTotal() + h.server(2).HeldTotal()
	assert.Equal(h, live, seats, "seats after %s; events: %q", b.where, h.events.texts())
}
