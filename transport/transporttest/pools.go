package transporttest

import (
	"iter"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// pools are the pools of a server. A lease names its pool by the index, which never changes.
type pools struct {
	all       []*pool
	byFeature map[string]uint32 // indexes in all
}

func newPools() pools { return pools{byFeature: map[string]uint32{}} }

// blank returns the pools with the same settings, all seats free and nobody in the queues.
func (p *pools) blank() pools {
	b := newPools()
	for _, pool := range p.all {
		b.add(pool.blank())
	}
	return b
}

// find returns the pool of a feature, nil when the server has never had it.
func (p *pools) find(feature string) *pool {
	if i, ok := p.byFeature[feature]; ok {
		return p.all[i]
	}
	return nil
}

// findOrAdd returns the pool of a feature, and adds one when the server has never had the feature.
func (p *pools) findOrAdd(feature string) *pool {
	if found := p.find(feature); found != nil {
		return found
	}
	added := newPool(feature)
	p.add(added)
	return added
}

func (p *pools) add(added *pool) {
	p.byFeature[added.feature] = uint32(len(p.all))
	p.all = append(p.all, added)
}

// at returns the pool with an index.
func (p *pools) at(i uint32) *pool { return p.all[i] }

// index returns the index of the pool of a feature that the server has.
func (p *pools) index(feature string) uint32 { return p.byFeature[feature] }

// inUse returns how many seats of all features are in use.
func (p *pools) inUse() int {
	total := 0
	for _, pool := range p.all {
		total += pool.inUse()
	}
	return total
}

// waiters returns the waiters of all queues. The queues must not change meanwhile.
func (p *pools) waiters() iter.Seq[*waiter] {
	return func(yield func(*waiter) bool) {
		for _, pool := range p.all {
			for _, w := range pool.queue.waiters {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// waiter returns the waiter of a request, nil when the request is in no queue.
func (p *pools) waiter(client uint32, request messages.RequestID) *waiter {
	for w := range p.waiters() {
		if w.is(client, request) {
			return w
		}
	}
	return nil
}

// leaveQueue takes a request out of its queue, if it is in one, and answers its call.
func (p *pools) leaveQueue(client uint32, request messages.RequestID, o transport.Outcome) {
	for _, pool := range p.all {
		pool.queue.leave(client, request, o)
	}
}

// clearQueues forgets all waiters. Their calls are not answered.
func (p *pools) clearQueues() {
	for _, pool := range p.all {
		pool.queue.clear()
	}
}
