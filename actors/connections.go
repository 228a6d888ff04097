package actors

import (
	"slices"
	"sync"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// connections lists the connections of a runtime, for Status.
type connections struct {
	mu  sync.Mutex // guards the field below
	all []*protocol.ConnectionRef
}

func (c *connections) add(ref *protocol.ConnectionRef) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, ref)
}

func (c *connections) list() []*protocol.ConnectionRef {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}
