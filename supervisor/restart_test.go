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

// sabotage makes an actor panic at one message: the nth that reached this point.
type sabotage struct {
	mu    sync.Mutex
	seen  []string // "point actor message" of each
	at    int      // which one panics; -1: none
	where string
}

func (b *sabotage) fault(point, who string, in any) {
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

// lifeStory leads features through every state: held, restarted, retaken, failed over, refused, checked in, closed.
func lifeStory(s *stage) []*License {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var held []*License
	for range 3 {
		if l, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "f2"}); err == nil {
			held = append(held, l)
		}
	}
	s.server(1).Restart()
	s.pass(2 * time.Minute)
	s.server(1).Forget()
	s.pass(2 * time.Minute)
	s.server(1).Down()
	s.pass(4 * time.Minute)
	s.server(1).Up()
	s.pass(2 * time.Minute)
	if len(held) > 0 {
		_ = held[0].Checkin(ctx)
	}
	s.pass(6 * time.Minute)
	return held
}

// TestAPanicAnywhereLosesNoSeat makes each actor panic at each message of a story, once before the message was handled
// and once after it, before its effects.
func TestAPanicAnywhereLosesNoSeat(t *testing.T) {
	setup := func(b *sabotage) func(*stage) {
		return func(s *stage) {
			s.config.fault = b.fault
			s.config.Heartbeat = Heartbeat{Attempts: 2, Interval: time.Minute}
			s.config.DownLimit = DownLimit{Max: 100}
			var drawn atomic.Uint32
			s.config.seed = func() [32]byte { return [32]byte{byte(drawn.Add(1))} }
		}
	}
	dry := &sabotage{at: -1}
	onStage(t, 2, setup(dry), func(s *stage) { lifeStory(s) })
	assert.Contains(t, dry.seen, "before connection *connection.BeatAnswered")
	for at := range len(dry.seen) {
		t.Run(fmt.Sprintf("%d %s", at, dry.seen[at]), func(t *testing.T) {
			b := &sabotage{at: at}
			onStage(t, 2, setup(b), func(s *stage) {
				held := lifeStory(s)
				assertSound(s, held, b)
				s.close()
				s.pass(6 * time.Minute)
				assert.Zero(s, s.server(1).HeldTotal()+s.server(2).HeldTotal(), "seats after %s", b.where)
			})
		})
	}
}

// assertSound: each license is held with exactly its seats, or gone for a reason that it says.
func assertSound(s *stage, held []*License, b *sabotage) {
	live := 0
	for i, l := range held {
		if l.Err() == nil {
			live++
			assert.Equal(s, messages.StateHeld, l.Status().State, "license %d after %s", i, b.where)
		}
	}
	seats := s.server(1).HeldTotal() + s.server(2).HeldTotal()
	assert.Equal(s, live, seats, "seats after %s; told %q", b.where, s.events.texts())
}
