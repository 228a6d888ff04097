package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// saboteur makes actors panic, as a defect of ours would: protoactor restarts them, and no seat may be lost by it.
type saboteur struct {
	mu    sync.Mutex
	armed map[string]int // by kind of actor: after how many more points that it passes it panics
	count int            // how many have panicked
}

// arm makes the actor of this kind panic that passes the nth point from now on.
func (s *saboteur) arm(actor string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed == nil {
		s.armed = map[string]int{}
	}
	s.armed[actor] = n
}

// fault is called at each point that an actor passes: before it handles a message, and before it does what follows.
func (s *saboteur) fault(point, actor string, in any) {
	s.mu.Lock()
	n, ok := s.armed[actor]
	if ok {
		if n--; n <= 0 {
			delete(s.armed, actor)
		} else {
			s.armed[actor] = n
		}
	}
	strikes := ok && n <= 0
	if strikes {
		s.count++
	}
	s.mu.Unlock()
	if strikes {
		panic(fmt.Sprintf("%s %s %s %T", sabotaged, point, actor, in))
	}
}

// strikes returns how often an actor has panicked: each time a message was lost, and what it would have told.
func (s *saboteur) strikes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// disarm lets everybody live.
func (s *saboteur) disarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
}

// sabotaged begins the reason of a panic that was meant.
const sabotaged = "sabotage"

// alarm is a log handler that reports panics of actors that nobody meant.
type alarm struct {
	slog.Handler
	w *world
}

func (a alarm) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (a alarm) Handle(_ context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "panicked") {
		return nil
	}
	r.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "reason" && !strings.HasPrefix(attr.Value.String(), sabotaged) {
			a.w.report("%s: %s", r.Message, attr.Value)
		}
		a.w.trace("%s: %s", r.Message, attr)
		return true
	})
	return nil
}
