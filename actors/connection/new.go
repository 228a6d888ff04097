package connection

import (
	"math/rand/v2"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// New returns the machine of a connection of which only the address is known. rng draws request ids and pauses; the
// machine is its only user. set is never changed.
func New(set *protocol.Settings, ref *protocol.ConnectionRef, rng *rand.Rand) *Machine {
	c := &Machine{
		set: set, ref: ref, out: notices{ref: ref}, throttle: newThrottle(),
		peer: peer{addresses: []messages.Address{ref.Server().Address}},
	}
	j := jitter{rng: rng, set: set, peer: &c.peer}
	c.dialer = dialer{jitter: j}
	c.checkouts = newCheckouts(&c.throttle)
	return wire(c, j, rng)
}

// wire gives each part of a new machine the other parts that it works with.
func wire(c *Machine, j jitter, rng *rand.Rand) *Machine {
	c.server = server{
		set: c.set, ref: c.ref, out: &c.out, jitter: j, peer: &c.peer, dialer: &c.dialer, throttle: &c.throttle,
		gate: &c.gate, beats: &c.beats, checkouts: &c.checkouts,
	}
	c.age = leaseAge{set: c.set, ref: c.ref, out: &c.out, peer: &c.peer, beats: &c.beats, checkouts: &c.checkouts}
	c.schedule = schedule{
		set: c.set, ref: c.ref, out: &c.out, peer: &c.peer, beats: &c.beats, age: &c.age, checkouts: &c.checkouts,
	}
	c.manual = manual{
		set: c.set, out: &c.out, dialer: &c.dialer, throttle: &c.throttle, beats: &c.beats, checkouts: &c.checkouts,
		nextTake: make(map[uint64]*protocol.Reply),
	}
	c.heartbeats = heartbeats{
		set: c.set, ref: c.ref, out: &c.out, jitter: j, peer: &c.peer, dialer: &c.dialer, throttle: &c.throttle,
		gate: &c.gate, beats: &c.beats, schedule: &c.schedule, age: &c.age, checkouts: &c.checkouts, manual: &c.manual,
		server: &c.server,
	}
	c.taking = taking{
		set: c.set, ref: c.ref, rng: rng, jitter: j, out: &c.out, peer: &c.peer, dialer: &c.dialer, throttle: &c.throttle,
		beats: &c.beats, schedule: &c.schedule, checkouts: &c.checkouts, manual: &c.manual, server: &c.server,
	}
	c.returning = returning{
		set: c.set, ref: c.ref, out: &c.out, peer: &c.peer, dialer: &c.dialer, throttle: &c.throttle, beats: &c.beats,
		checkouts: &c.checkouts, manual: &c.manual, taking: &c.taking, server: &c.server,
	}
	c.dialing = dialing{
		set: c.set, ref: c.ref, out: &c.out, peer: &c.peer, dialer: &c.dialer, throttle: &c.throttle,
		checkouts: &c.checkouts, heartbeats: &c.heartbeats, manual: &c.manual, taking: &c.taking, server: &c.server,
	}
	return c
}
