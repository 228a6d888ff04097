package supervisor

import (
	"slices"

	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// askedFor returns whose lease it is.
func askedFor(lease transporttest.Lease) asked { return asked{lease.Feature, lease.Count} }

// checkCounts: nobody gets other seats than he asked for.
func (w *world) checkCounts() {
	for _, s := range w.servers {
		for _, lease := range s.Leases() {
			if !slices.ContainsFunc(w.claims, func(c *claim) bool { return c.asked() == askedFor(lease) }) {
				w.report("%s has a lease of %s that nobody asked for", s.name, askedFor(lease))
			}
		}
	}
}

// checkLines: when nobody waits for seats, no server keeps a place in line: who left, left everywhere.
func (w *world) checkLines() {
	for _, s := range w.servers {
		for _, c := range w.claims {
			if n := s.Waiting(c.order.Feature); n > 0 {
				w.report("%d places in the line of %s for %s, and nobody waits", n, s.name, c.order.Feature)
			}
		}
	}
}

// checkPlaces: a place in line belongs to somebody who waits. One who left while calls were disturbed, or an actor panicked,
// may not have got that far.
func (w *world) checkPlaces() {
	if !w.disturbed.IsZero() || w.confused || w.saboteur.strikes() > 0 || w.closed.Load() {
		return
	}
	for _, s := range w.servers {
		for _, c := range w.claims {
			if n, most := s.Waiting(c.order.Feature), w.waiting(c.order.Feature); n > most {
				w.report("%d places in the line of %s for %s, and %d wait", n, s.name, c.order.Feature, most)
			}
		}
	}
}

// waiting counts the checkouts of a feature that wait, or may.
func (w *world) waiting(feature string) (n int) {
	for _, c := range w.claims {
		license, err := c.result()
		if c.order.Feature == feature && c.order.Wait && c.started && license == nil && err == nil {
			n++
		}
	}
	return n
}

// line: others have all seats that a feature has, one or several wait, and something happens to them or to the server.
func (d *drawing) line() {
	f := d.feature()
	for _, s := range d.servers {
		if d.number(0, 4) > 0 {
			d.add("others %s %s 9", s, f)
		}
	}
	for _, other := range d.sharing(f) {
		if d.number(0, 3) > 0 {
			d.add("checkout %s %s", other, d.one("", "", "1m", "10s", "3m", "1s"))
		}
	}
	d.moment()
	for range d.number(1, 3) {
		d.lineMoves(f)
		d.moment()
	}
}

// lineMoves: seats come free, somebody leaves, or the server is not what it was.
func (d *drawing) lineMoves(f string) {
	s := d.server()
	switch d.number(0, 9) {
	case 0, 1, 2:
		d.add("putback %s %s %d", s, f, d.number(1, 6))
	case 3:
		d.add("cancel %s", d.one(d.sharing(f)...))
	case 4:
		d.add("checkin %s %s", d.one(d.sharing(f)...), d.one("10s", ""))
	case 5:
		d.restart()
	case 6:
		d.outage()
	case 7:
		d.add("panic %s %d", d.one("feature", "connection", "runtime"), d.number(1, 6))
	case 8:
		d.add("%s %s %s checkout", d.one("lag", "delay"), s, d.short())
	default:
		d.add("move %s %s", d.one(d.address...), s)
	}
}

// sharing returns the names of the claims that share the feature of one.
func (d *drawing) sharing(name string) []string {
	var names []string
	for _, f := range d.features {
		if d.of[f] == d.of[name] {
			names = append(names, f)
		}
	}
	return names
}
