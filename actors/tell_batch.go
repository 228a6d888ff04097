package actors

// crowds collects features in a row that are told the same: they share one message, which in a burst saves 200 bytes for
// each of them.
type tellBatch struct{ all []tellAll }

// next begins with another message.
func (c *tellBatch) next(in Input) { c.all = append(c.all, tellAll{in: in}) }

// add lets one more feature be told the message.
func (c *tellBatch) add(f *Member) {
	last := &c.all[len(c.all)-1]
	last.to = append(last.to, f)
}

func (c *tellBatch) effects() []Effect {
	effects := make([]Effect, len(c.all))
	for i, e := range c.all {
		effects[i] = e
	}
	return effects
}
