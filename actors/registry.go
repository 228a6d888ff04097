package actors

import (
	"sync"

	"github.com/seatbeat/seatbeat/messages"
)

// registry lists the features that have not ended. A freed slot is used again.
type registry struct {
	mu      sync.Mutex // guards the fields below, and Feature.slot
	slots   []*Feature // nil: the slot is free
	free    []int32
	closed  bool
	last    uint64        // the latest ID
	drained chan struct{} // closed when the registry is closed and empty
}

// add enters a feature and gives it its ID. It fails with ErrClosed once the registry is closed.
func (r *registry) add(f *Feature) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return messages.ErrClosed
	}
	r.last++
	f.SetID(r.last)
	if n := len(r.free); n > 0 {
		f.setSlot(r.free[n-1])
		r.free = r.free[:n-1]
		r.slots[f.slot] = f
		return nil
	}
	f.setSlot(int32(len(r.slots)))
	r.slots = append(r.slots, f)
	return nil
}

// remove removes a feature that has ended. A second call does nothing.
func (r *registry) remove(f *Feature) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.slot < 0 {
		return
	}
	r.slots[f.slot] = nil
	r.free = append(r.free, f.slot)
	f.setSlot(-1)
	r.checkDrained()
}

// close makes add fail. It returns the features that have not ended, and a channel that is closed when all have ended.
func (r *registry) close() ([]*Feature, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.drained = make(chan struct{})
		r.checkDrained()
	}
	return r.listed(), r.drained
}

func (r *registry) checkDrained() {
	if r.closed && len(r.free) == len(r.slots) {
		select {
		case <-r.drained:
		default:
			close(r.drained)
		}
	}
}

// list returns the features that have not ended.
func (r *registry) list() []*Feature {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed()
}

func (r *registry) listed() []*Feature {
	list := make([]*Feature, 0, len(r.slots)-len(r.free))
	for _, f := range r.slots {
		if f != nil {
			list = append(list, f)
		}
	}
	return list
}

// states counts the features by state.
func (r *registry) states() [messages.States]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n [messages.States]int
	for _, f := range r.slots {
		if f != nil {
			n[f.State()]++
		}
	}
	return n
}
