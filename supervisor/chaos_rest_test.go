package supervisor

import (
	"testing/synctest"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// rest heals everything and waits until nothing is under way any more; then the world must be in order.
func (w *world) rest() {
	w.heal()
	settling := 3*w.longest + 4*w.config.settings().Interval + time.Minute
	if w.automatic() {
		time.Sleep(settling)
	} else {
		w.beatByHand(settling)
	}
	synctest.Wait()
	w.checkRest()
}

// heal ends all faults and gives every feature plenty of seats.
func (w *world) heal() {
	w.saboteur.disarm()
	w.calm()
	w.neglected = w.isNeglected()
	w.disturbed = time.Time{}
	for _, s := range w.servers {
		s.ClearFaults()
		s.Up()
		for _, address := range s.addresses {
			w.net.Heal(address)
			w.net.Alias(address, s.Server)
		}
		for _, c := range w.claims {
			s.PutBack(c.order.Feature, manySeats)
			s.SetSeats(c.order.Feature, manySeats)
		}
	}
}

const manySeats = 1000

// isNeglected reports whether a return may have been forgotten, or refused for good.
func (w *world) isNeglected() bool {
	return w.neglected || w.left.Load() || w.traffic.keptReturns() || !w.disturbed.IsZero() && time.Since(w.disturbed) >= w.shortest
}

// beatByHand is an application that beats its licenses itself, in good time.
func (w *world) beatByHand(d time.Duration) {
	const pause = 15 * time.Second
	for range d / pause {
		for _, c := range w.claims {
			if l, _ := c.result(); l != nil && l.Err() == nil {
				w.heartbeat(c, pause)
			}
		}
		time.Sleep(pause)
	}
}

// checkStep checks what holds at any time. Two servers that change places may have executed one request each, until the
// runtime has found out and cancelled one of them.
func (w *world) checkStep() {
	w.checkCounts()
	w.checkPlaces()
	for _, c := range w.claims {
		for _, s := range w.servers {
			if used := w.seats(s, c); used > c.order.Count && !w.confused && !w.traffic.keptReturns() {
				w.report("%s has %d seats of %s, %d were asked for", c.name, used, s.name, c.order.Count)
			}
		}
		l, err := c.result()
		if l != nil && !errorOf(l.Status().State, l.Err()) {
			w.report("%s: Err is %v in state %s", c.name, l.Err(), l.Status().State)
		}
		if err == nil && l != nil {
			w.checkAge(c, l)
		}
	}
}

// seats returns how many seats of a server a claim has.
func (w *world) seats(s *chaosServer, c *claim) int {
	used := 0
	for _, lease := range s.Leases() {
		if askedFor(lease) == c.asked() && !w.traffic.stray(lease) {
			used += lease.Count
		}
	}
	return used
}

// checkAge: with EnforceTimeout no license outlives what its last acknowledged heartbeat vouches for (rule 16).
func (w *world) checkAge(c *claim, l *License) {
	if !w.config.EnforceTimeout || !w.automatic() || c.local || l.Err() != nil {
		return
	}
	if age := time.Since(w.traffic.renewedAt(c.asked())); age > w.longest {
		w.report("%s lives, and no heartbeat of it was acknowledged for %s", c.name, age)
	}
}

// checkRest checks what holds when all servers have been reachable for long.
func (w *world) checkRest() {
	if calls := w.pending.list(); len(calls) > 0 {
		w.report("never returned: %v", calls)
	}
	w.story.checkCounts(w.closed.Load())
	w.checkLines()
	for _, c := range w.claims {
		l, _ := c.result()
		switch {
		case l != nil && l.Err() == nil:
			w.checkHeld(c, l)
		default:
			w.checkGone(c)
		}
	}
}

// checkHeld: a license that lives is held, on exactly one server, with all its seats, and beaten.
func (w *world) checkHeld(c *claim, l *License) {
	status := l.Status()
	if status.State != messages.StateHeld {
		w.report("%s is still %s", c.name, status.State)
	}
	if c.local && w.neglected { // see checkGone: what another server granted may still be there
		return
	}
	leases := 0
	for _, s := range w.servers {
		for _, lease := range s.Leases() {
			if askedFor(lease) != c.asked() || w.traffic.stray(lease) {
				continue
			}
			leases++
			if id := s.Identity().ServerID; status.Server.ID != id {
				w.report("%s is held from %s: the lease is of %s", c.name, status.Server.ID, id)
			}
			if most := w.interval(s) * 12 / 10; w.automatic() && !lease.Local && lease.Age > most {
				w.report("the lease of %s was last beaten %s ago, its interval is %s", c.name, lease.Age, w.interval(s))
			}
		}
	}
	if leases != 1 && !(c.local && leases == 0) { // nobody tells the application that a local licence ended
		w.report("%s lives and has %d leases", c.name, leases)
	}
}

// checkGone: what ended, and what never was granted, has no seat. A local licence is left out when calls were disturbed
// for long: a return that is not answered within the client timeout is forgotten, and no server frees a local seat by
// itself.
func (w *world) checkGone(c *claim) {
	if c.local && w.neglected {
		return
	}
	for _, s := range w.servers {
		if used := w.seats(s, c); used > 0 {
			w.report("%s is gone and has %d seats of %s", c.name, used, s.name)
		}
	}
}

// checkClosed checks what holds when Close has returned. What it could not return is for the servers to free.
func (w *world) checkClosed(err error) {
	w.neglected = w.neglected || err != nil
	for _, c := range w.claims {
		l, _ := c.result()
		if l != nil && (l.Err() == nil || !l.Status().State.Final()) {
			w.report("%s is %s after Close", c.name, l.Status().State)
		}
		if err == nil && !w.isNeglected() {
			w.checkGone(c)
		}
	}
	if err == nil && !w.isNeglected() {
		w.checkLines()
	}
}

// checkEnd: whatever happened, closing at rest succeeds at once.
func (w *world) checkEnd() {
	for _, c := range w.claims {
		w.checkGone(c)
	}
	w.checkLines()
}
