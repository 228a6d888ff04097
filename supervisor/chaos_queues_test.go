package supervisor

import (
	"slices"

	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// keyOf returns the checkout that a lease belongs to.
func keyOf(lease transporttest.Lease) checkoutKey { return checkoutKey{lease.Feature, lease.Count} }

// checkCounts checks that every lease belongs to a checkout, and so has the count that was asked for.
func (sim *simulation) checkCounts() {
	for _, s := range sim.servers {
		for _, lease := range s.Leases() {
			if !slices.ContainsFunc(sim.checkouts, func(c *simCheckout) bool { return c.key() == keyOf(lease) }) {
				sim.report("%s has a lease of %s that nobody asked for", s.name, keyOf(lease))
			}
		}
	}
}

// checkQueues checks, when nobody waits for seats, that the queues of all servers are empty.
func (sim *simulation) checkQueues() {
	for _, s := range sim.servers {
		for _, c := range sim.checkouts {
			if n := s.Waiting(c.order.Feature); n > 0 {
				sim.report("the queue of %[2]s for %[3]s has %[1]d places, and nobody waits", n, s.name, c.order.Feature)
			}
		}
	}
}

// checkQueueLengths checks that no queue is longer than the number of checkouts that wait. When calls were disturbed or an
// actor panicked, a checkout that has ended may still be in a queue.
func (sim *simulation) checkQueueLengths() {
	if !sim.disturbedSince.IsZero() || sim.addressMoved || sim.faults.panics() > 0 || sim.closed.Load() {
		return
	}
	for _, s := range sim.servers {
		for _, c := range sim.checkouts {
			if n, most := s.Waiting(c.order.Feature), sim.waiting(c.order.Feature); n > most {
				sim.report("the queue of %[2]s for %[3]s has %[1]d places, and %[4]d checkouts wait", n, s.name, c.order.Feature, most)
			}
		}
	}
}

// waiting returns how many checkouts of a feature wait or may wait.
func (sim *simulation) waiting(feature string) (n int) {
	for _, c := range sim.checkouts {
		license, err := c.result()
		if c.order.Feature == feature && c.order.Wait && c.started && license == nil && err == nil {
			n++
		}
	}
	return n
}

// queue: other clients hold all seats of a feature, checkouts wait for them, and something happens to them or to the server.
func (g *generator) queue() {
	f := g.feature()
	for _, s := range g.servers {
		if g.number(0, 4) > 0 {
			g.add("others %s %s 9", s, f)
		}
	}
	for _, other := range g.sharing(f) {
		if g.number(0, 3) > 0 {
			g.add("checkout %s %s", other, g.pick("", "", "1m", "10s", "3m", "1s"))
		}
	}
	g.moment()
	for range g.number(1, 3) {
		g.queueMoves(f)
		g.moment()
	}
}

// queueMoves: seats become free, a checkout leaves, or the server changes.
func (g *generator) queueMoves(f string) {
	s := g.server()
	switch g.number(0, 9) {
	case 0, 1, 2:
		g.add("putback %s %s %d", s, f, g.number(1, 6))
	case 3:
		g.add("cancel %s", g.pick(g.sharing(f)...))
	case 4:
		g.add("checkin %s %s", g.pick(g.sharing(f)...), g.pick("10s", ""))
	case 5:
		g.restart()
	case 6:
		g.outage()
	case 7:
		g.add("panic %s %d", g.pick("feature", "connection", "runtime"), g.number(1, 6))
	case 8:
		g.add("%s %s %s checkout", g.pick("lag", "delay"), s, g.short())
	default:
		g.add("move %s %s", g.pick(g.address...), s)
	}
}

// sharing returns the names of the checkouts of the same feature.
func (g *generator) sharing(name string) []string {
	var names []string
	for _, f := range g.features {
		if g.of[f] == g.of[name] {
			names = append(names, f)
		}
	}
	return names
}
