package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// decideWithin is how long a connection waits for the down counter's decision before it recovers its features without:
// the counter answers from memory, so that this never passes unless the counter itself has failed.
const decideWithin = time.Second

// outage is what a connection knows of its server going down and coming back, until it has told the down counter.
type outage struct {
	downAt  protocol.Instant     // when the first beat failed; zero: none did
	newBoot bool                 // another life answers than the one told of last
	told    *protocol.ServerSeen // what the counter was told, until it has decided
	untold  bool                 // it is still to be sent
	by      protocol.Instant     // until when its decision is waited for; zero: none is awaited
	good    *goodBeat            // the beat that recovers the features once it is decided
}

// goodBeat is a beat whose answer is to be acted on.
type goodBeat struct {
	flight    *flight
	chunks    []ChunkAnswer
	recovered bool
}

// serverDown notes the first failed beat of a break.
func (c *Machine) serverDown(now protocol.Instant) {
	if c.outage.downAt == (protocol.Instant{}) {
		c.outage.downAt = now
	}
}

// serverUp notes an answer. What has been waiting for one is told to the counter; until it decides, nothing is taken and
// nobody recovers.
func (c *Machine) serverUp(now protocol.Instant) {
	o := &c.outage
	if !c.set.CountOutages || o.downAt == (protocol.Instant{}) && !o.newBoot {
		return
	}
	c.tell(now, &protocol.ServerSeen{Connection: c.ref, Identity: c.hello.Identity, DownAt: o.downAt})
	o.downAt, o.newBoot = protocol.Instant{}, false
}

func (c *Machine) tell(now protocol.Instant, seen *protocol.ServerSeen) {
	c.outage.told, c.outage.untold, c.outage.by = seen, true, now.After(decideWithin)
}

// tellCounter sends what there is to tell.
func (c *Machine) tellCounter() []protocol.Effect {
	if !c.outage.untold {
		return nil
	}
	c.outage.untold = false
	return []protocol.Effect{protocol.CountOutage{Seen: c.outage.told}}
}

// deciding reports whether the counter's decision is awaited.
func (c *Machine) deciding() bool { return c.outage.by != (protocol.Instant{}) }

// decided lets the features recover.
func (c *Machine) decided(now protocol.Instant) []protocol.Effect {
	good := c.outage.good
	c.outage.told, c.outage.untold, c.outage.by, c.outage.good = nil, false, protocol.Instant{}, nil
	if good == nil {
		return nil
	}
	return c.actOn(now, good)
}
