package actors

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// entrance adds features: it lists a feature and starts its actor under one lock. Code that ends all features takes the
// same lock, so a feature is either refused or listed with a running actor.
type entrance struct {
	tree    *Tree
	props   *actor.Props
	refused atomic.Pointer[messages.UnavailableError] // why checkouts are refused; nil: they are not refused

	mu       sync.Mutex // held while a feature enters; guards the field below
	entering *Feature   // the feature whose actor is being started
}

func newEntrance(t *Tree) *entrance {
	e := &entrance{tree: t}
	e.props = t.props(func() actor.Actor { return e.entering })
	return e
}

// enter adds a feature. It fails with the error of the latest refuse, or with ErrClosed.
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

// Self returns the actor that protoactor regards as the parent.
func (p parent) Self() *actor.PID { return p.pid }

// list returns the features that have not ended.
func (e *entrance) list() []*Feature {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tree.features.list()
}

// refuse makes enter fail with err, and returns the features that have not ended. After a nil err features are accepted
// again.
func (e *entrance) refuse(err *messages.UnavailableError) []*Feature {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused.Store(err)
	return e.tree.features.list()
}

// close makes enter fail with ErrClosed, and returns the results of registry.close.
func (e *entrance) close() ([]*Feature, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tree.features.close()
}
