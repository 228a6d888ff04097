package connection

import "github.com/seatbeat/seatbeat/actors/protocol"

// crowds collects features in a row that are told the same: they share one message, which in a burst saves 200 bytes for
// each of them.
type tellBatch struct{ all []protocol.TellAll }

// next begins with another message.
func (c *tellBatch) next(in protocol.Input) { c.all = append(c.all, protocol.TellAll{In: in}) }

// add lets one more feature be told the message.
func (c *tellBatch) add(f *protocol.Member) {
	last := &c.all[len(c.all)-1]
	last.To = append(last.To, f)
}

func (c *tellBatch) effects() []protocol.Effect {
	effects := make([]protocol.Effect, len(c.all))
	for i, e := range c.all {
		effects[i] = e
	}
	return effects
}
