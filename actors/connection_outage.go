package actors

import (
	"time"
)

// decideWithin is how long a connection waits for the down counter's decision before it recovers its features without:
// the counter answers from memory, so that this never passes unless the counter itself has failed.
const decideWithin = time.Second

// outage is what a connection knows of its server going down and coming back, until it has told the down counter.
type outage struct {
	downAt  Instant     // when the first beat failed; zero: none did
	newBoot bool        // another life answers than the one told of last
	told    *serverSeen // what the counter was told, until it has decided
	untold  bool        // it is still to be sent
	by      Instant     // until when its decision is waited for; zero: none is awaited
	good    *goodBeat   // the beat that recovers the features once it is decided
}

// goodBeat is a beat whose answer is to be acted on.
type goodBeat struct {
	flight    *flight
	chunks    []chunkAnswer
	recovered bool
}

// serverDown notes the first failed beat of a break.
func (c *connection) serverDown(now Instant) {
	if c.outage.downAt == (Instant{}) {
		c.outage.downAt = now
	}
}

// serverUp notes an answer. What has been waiting for one is told to the counter; until it decides, nothing is taken and
// nobody recovers.
func (c *connection) serverUp(now Instant) {
	o := &c.outage
	if !c.set.CountOutages || o.downAt == (Instant{}) && !o.newBoot {
		return
	}
	c.tell(now, &serverSeen{connection: c.ref, identity: c.hello.Identity, downAt: o.downAt})
	o.downAt, o.newBoot = Instant{}, false
}

func (c *connection) tell(now Instant, seen *serverSeen) {
	c.outage.told, c.outage.untold, c.outage.by = seen, true, now.after(decideWithin)
}

// tellCounter sends what there is to tell.
func (c *connection) tellCounter() []Effect {
	if !c.outage.untold {
		return nil
	}
	c.outage.untold = false
	return []Effect{countOutage{c.outage.told}}
}

// deciding reports whether the counter's decision is awaited.
func (c *connection) deciding() bool { return c.outage.by != (Instant{}) }

// decided lets the features recover.
func (c *connection) decided(now Instant) []Effect {
	good := c.outage.good
	c.outage.told, c.outage.untold, c.outage.by, c.outage.good = nil, false, Instant{}, nil
	if good == nil {
		return nil
	}
	return c.actOn(now, good)
}
