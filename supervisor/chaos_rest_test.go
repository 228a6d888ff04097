package supervisor

import (
	"testing/synctest"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// rest ends all faults and waits until nothing is in flight any more. Then everything must be in order.
func (sim *simulation) rest() {
	sim.heal()
	settling := 3*sim.longest + 4*sim.config.settings().Interval + time.Minute
	if sim.automatic() {
		time.Sleep(settling)
	} else {
		sim.beatByHand(settling)
	}
	synctest.Wait()
	sim.checkRest()
}

// heal ends all faults and gives every feature plenty of seats.
func (sim *simulation) heal() {
	sim.faults.disarm()
	sim.restoreHosts()
	sim.returnsLost = sim.mayHaveLostReturns()
	sim.disturbedSince = time.Time{}
	for _, s := range sim.servers {
		s.ClearFaults()
		s.Up()
		for _, address := range s.addresses {
			sim.net.Heal(address)
			sim.net.Alias(address, s.Server)
		}
		for _, c := range sim.checkouts {
			s.PutBack(c.order.Feature, manySeats)
			s.SetSeats(c.order.Feature, manySeats)
		}
	}
}

const manySeats = 1000

// mayHaveLostReturns reports whether a return may have been given up, or was refused for good.
func (sim *simulation) mayHaveLostReturns() bool {
	return sim.returnsLost || sim.closeFailed.Load() || sim.traffic.refusedReturns() || !sim.disturbedSince.IsZero() && time.Since(sim.disturbedSince) >= sim.shortest
}

// beatByHand beats the licenses in good time, as an application without automatic heartbeats does.
func (sim *simulation) beatByHand(d time.Duration) {
	const pause = 15 * time.Second
	for range d / pause {
		for _, c := range sim.checkouts {
			if l, _ := c.result(); l != nil && l.Err() == nil {
				sim.heartbeat(c, pause)
			}
		}
		time.Sleep(pause)
	}
}

// checkStep checks what holds at any time. When an address moved from one server to another, both may have executed a
// request, until the runtime finds out and cancels one of them.
func (sim *simulation) checkStep() {
	sim.checkCounts()
	sim.checkQueueLengths()
	for _, c := range sim.checkouts {
		for _, s := range sim.servers {
			if used := sim.seats(s, c); used > c.order.Count && !sim.addressMoved && !sim.traffic.refusedReturns() {
				sim.report("%s has %d seats of %s, %d were asked for", c.name, used, s.name, c.order.Count)
			}
		}
		l, err := c.result()
		if l != nil && !errorOf(l.Status().State, l.Err()) {
			sim.report("%s: Err is %v in state %s", c.name, l.Err(), l.Status().State)
		}
		if err == nil && l != nil {
			sim.checkAge(c, l)
		}
	}
}

// seats returns how many seats of a server a checkout has.
func (sim *simulation) seats(s *simServer, c *simCheckout) int {
	used := 0
	for _, lease := range s.Leases() {
		if keyOf(lease) == c.key() && !sim.traffic.grantedToCopy(lease) {
			used += lease.Count
		}
	}
	return used
}

// checkAge checks that with EnforceTimeout no license lives longer than the client timeout after its last acknowledged
// heartbeat was sent (docs/rules.md, rule 16).
func (sim *simulation) checkAge(c *simCheckout, l *License) {
	if !sim.config.EnforceTimeout || !sim.automatic() || c.local || l.Err() != nil {
		return
	}
	if age := time.Since(sim.traffic.renewedAt(c.key())); age > sim.longest {
		sim.report("%s lives, and no heartbeat of it was acknowledged for %s", c.name, age)
	}
}

// checkRest checks what holds when all servers have been reachable for a long time.
func (sim *simulation) checkRest() {
	if calls := sim.openCalls.list(); len(calls) > 0 {
		sim.report("never returned: %v", calls)
	}
	sim.events.checkCounts()
	sim.checkQueues()
	for _, c := range sim.checkouts {
		l, _ := c.result()
		switch {
		case l != nil && l.Err() == nil:
			sim.checkHeld(c, l)
		default:
			sim.checkGone(c)
		}
	}
}

// checkHeld checks that a license that lives is held, on exactly one server, with all its seats, and beaten.
func (sim *simulation) checkHeld(c *simCheckout, l *License) {
	status := l.Status()
	if status.State != messages.StateHeld {
		sim.report("%s is still %s", c.name, status.State)
	}
	if c.local && sim.returnsLost { // see checkGone: a lease of another server may still be there
		return
	}
	leases := 0
	for _, s := range sim.servers {
		for _, lease := range s.Leases() {
			if keyOf(lease) != c.key() || sim.traffic.grantedToCopy(lease) {
				continue
			}
			leases++
			if id := s.Identity().ServerID; status.Server.ID != id {
				sim.report("%s is held from %s: the lease is of %s", c.name, status.Server.ID, id)
			}
			if most := sim.interval(s) * 12 / 10; sim.automatic() && !lease.Local && lease.Age > most {
				sim.report("the lease of %s was last beaten %s ago, its interval is %s", c.name, lease.Age, sim.interval(s))
			}
		}
	}
	if leases != 1 && !(c.local && leases == 0) { // the runtime does not learn when a local lease ends
		sim.report("%s lives and has %d leases", c.name, leases)
	}
}

// checkGone checks that a checkout that ended or failed has no seat. Local licences are exempt when calls were disturbed for
// long: a return that is not answered within the client timeout is given up, and no server frees a local seat by itself.
func (sim *simulation) checkGone(c *simCheckout) {
	if c.local && sim.returnsLost {
		return
	}
	for _, s := range sim.servers {
		if used := sim.seats(s, c); used > 0 {
			sim.report("%s is gone and has %d seats of %s", c.name, used, s.name)
		}
	}
}

// checkClosed checks what holds when Close has returned. Seats that it could not return are freed by the servers later.
func (sim *simulation) checkClosed(err error) {
	sim.returnsLost = sim.returnsLost || err != nil
	for _, c := range sim.checkouts {
		l, _ := c.result()
		if l != nil && (l.Err() == nil || !l.Status().State.Final()) {
			sim.report("%s is %s after Close", c.name, l.Status().State)
		}
		if err == nil && !sim.mayHaveLostReturns() {
			sim.checkGone(c)
		}
	}
	if err == nil && !sim.mayHaveLostReturns() {
		sim.checkQueues()
	}
}

// checkEnd checks what holds when everything has come to rest after Close.
func (sim *simulation) checkEnd() {
	for _, c := range sim.checkouts {
		sim.checkGone(c)
	}
	sim.checkQueues()
}
