package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// decideWithin is how long a connection waits for the down counter's decision before it recovers its features without:
// the counter answers from memory, so that this never passes unless the counter itself has failed.
const decideWithin = time.Second

// outage is what a connection knows of its server going down and coming back, until it has told the down counter.
type outage struct {
	downAt  instant     // when the first beat failed; zero: none did
	newBoot bool        // another life answers than the one told of last
	told    *serverSeen // what the counter was told, until it has decided
	untold  bool        // it is still to be sent
	by      instant     // until when its decision is waited for; zero: none is awaited
	good    *goodBeat   // the beat that recovers the features once it is decided
}

// goodBeat is a beat whose answer is to be acted on.
type goodBeat struct {
	flight    *flight
	chunks    []chunkAnswer
	recovered bool
}

// serverSeen tells the down counter that a server answers: for the first time, after a restart, or after failed beats.
// The counter replies outageDecided.
type serverSeen struct {
	quiet
	link     *Link
	identity messages.Identity
	downAt   instant // when the first beat failed; zero: none did
}

// outageDecided: the down counter has counted, and has stopped everything if that was too much.
type outageDecided struct{ quiet }

// serverDown notes the first failed beat of a break.
func (c *connection) serverDown(now instant) {
	if c.outage.downAt == (instant{}) {
		c.outage.downAt = now
	}
}

// serverUp notes an answer. What has been waiting for one is told to the counter; until it decides, nothing is taken and
// nobody recovers.
func (c *connection) serverUp(now instant) {
	o := &c.outage
	if !c.set.CountOutages || o.downAt == (instant{}) && !o.newBoot {
		return
	}
	c.tell(now, &serverSeen{link: c.link, identity: c.hello.Identity, downAt: o.downAt})
	o.downAt, o.newBoot = instant{}, false
}

func (c *connection) tell(now instant, seen *serverSeen) {
	c.outage.told, c.outage.untold, c.outage.by = seen, true, now.after(decideWithin)
}

// tellCounter sends what there is to tell.
func (c *connection) tellCounter() []effect {
	if !c.outage.untold {
		return nil
	}
	c.outage.untold = false
	return []effect{countOutage{c.outage.told}}
}

// countOutage passes on to the down counter.
type countOutage struct{ seen *serverSeen }

func (countOutage) isEffect() {}

// deciding reports whether the counter's decision is awaited.
func (c *connection) deciding() bool { return c.outage.by != (instant{}) }

// decided lets the features recover.
func (c *connection) decided(now instant) []effect {
	good := c.outage.good
	c.outage.told, c.outage.untold, c.outage.by, c.outage.good = nil, false, instant{}, nil
	if good == nil {
		return nil
	}
	return c.actOn(now, good)
}
