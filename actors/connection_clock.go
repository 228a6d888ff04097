package actors

import "time"

// forgiveFor is how long failures of beats are not counted after the clocks parted: the network is often not up yet when
// a machine wakes (rule 17).
const forgiveFor = 30 * time.Second

// jumped beats now, and looks at the age of the leases: the wall clock says how old they are.
func (c *connection) jumped(now Instant) []Effect {
	if !c.set.automatic() || c.table.beaten() == 0 {
		return nil
	}
	c.forgiveUntil = now.after(forgiveFor)
	c.checking, c.recover, c.urgent = true, true, true
	c.riskAt = now
	return c.checkRisk(now)
}

// forgiving reports whether failed beats are repeated and not counted.
func (c *connection) forgiving(now Instant) bool { return now.before(c.forgiveUntil) }
