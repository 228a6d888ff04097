package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// forgiveFor is how long failures of beats are not counted after the clocks parted: the network is often not up yet when
// a machine wakes (rule 17).
const forgiveFor = 30 * time.Second

// jumped beats now, and looks at the age of the leases: the wall clock says how old they are.
func (c *Machine) jumped(now protocol.Instant) []protocol.Effect {
	if !c.set.Automatic() || c.table.beaten() == 0 {
		return nil
	}
	c.forgiveUntil = now.After(forgiveFor)
	c.checking, c.recover, c.urgent = true, true, true
	c.riskAt = now
	return c.checkRisk(now)
}

// forgiving reports whether failed beats are repeated and not counted.
func (c *Machine) forgiving(now protocol.Instant) bool { return now.Before(c.forgiveUntil) }
