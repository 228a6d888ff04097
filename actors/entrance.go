package actors

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// entrance lets features in: it lists a feature and starts its actor, in one step. Whoever ends all features does so
// through the entrance, and so either keeps a feature out or finds it listed, with an actor to send to.
type entrance struct {
	tree    *Tree
	props   *actor.Props
	refused atomic.Pointer[messages.UnavailableError] // why checkouts are refused; nil: they are let in

	mu       sync.Mutex // held while a feature enters; guards the field below
	entering *Feature   // whose actor is being made
}

func newEntrance(t *Tree) *entrance {
	e := &entrance{tree: t}
	e.props = t.props(func() actor.Actor { return e.entering })
	return e
}

// enter lets a feature in. It fails with the error that refuse was given last, or with ErrClosed.
func (e *entrance) enter(f *Feature) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.refused.Load(); err != nil {
		return err
	}
	if err := e.tree.features.add(f); err != nil {
		return err
	}
	if err := e.spawn(f); err != nil {
		e.tree.features.remove(f)
		return fmt.Errorf("start actor: %w", err)
	}
	return nil
}

// spawn starts the actor of a feature. The caller holds the lock.
func (e *entrance) spawn(f *Feature) error {
	e.entering = f
	defer func() { e.entering = nil }()
	id := e.tree.host.Name + "/f" + strconv.FormatUint(f.ID(), 10)
	system := e.tree.host.System
	pid, err := actor.DefaultSpawner(system, id, e.props, parent{system.Root, e.tree.runtime})
	f.SetPID(pid)
	return err
}

// parent makes the runtime's actor the supervisor of a feature without listing the feature among its children, which would
// cost 250 bytes each. Closing the runtime ends features through the registry.
type parent struct {
	*actor.RootContext
	pid *actor.PID
}

// Self returns the actor that protoactor takes for the spawning one.
func (p parent) Self() *actor.PID { return p.pid }

// list returns the features that have not ended.
func (e *entrance) list() []*Feature {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tree.features.list()
}

// refuse makes enter fail with the error, and returns the features that are in. A nil error lets features in again.
func (e *entrance) refuse(err *messages.UnavailableError) []*Feature {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused.Store(err)
	return e.tree.features.list()
}

// close makes enter fail with ErrClosed, and returns what registry.close returns.
func (e *entrance) close() ([]*Feature, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tree.features.close()
}
