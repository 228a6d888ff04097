package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// faultInjector makes actors panic, as a defect would. They are restarted, and no seat may be lost by that.
type faultInjector struct {
	mu    sync.Mutex
	armed map[string]int // by kind of actor: it panics when it has passed this many more points
	count int            // of the panics
}

// arm makes an actor of this kind panic at the nth point from now on that actors of this kind pass.
func (s *faultInjector) arm(actor string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed == nil {
		s.armed = map[string]int{}
	}
	s.armed[actor] = n
}

// fault is called at each point that an actor passes: before it handles a message, and before it performs the effects.
func (s *faultInjector) fault(point, actor string, in any) {
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
		panic(fmt.Sprintf("%s %s %s %T", injectedFault, point, actor, in))
	}
}

// panics returns how often an actor has panicked. Each panic may have lost a message and the events that follow from it.
func (s *faultInjector) panics() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// disarm ends the faults.
func (s *faultInjector) disarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
}

// injectedFault begins the reason of a panic that was injected.
const injectedFault = "sabotage"

// panicReporter is a log handler that reports panics that were not injected.
type panicReporter struct {
	slog.Handler
	sim *simulation
}

func (a panicReporter) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

func (a panicReporter) Handle(_ context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "panicked") {
		return nil
	}
	r.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "reason" && !strings.HasPrefix(attr.Value.String(), injectedFault) {
			a.sim.report("%s: %s", r.Message, attr.Value)
		}
		a.sim.trace("%s: %s", r.Message, attr)
		return true
	})
	return nil
}
