package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// decideWithin is how long a connection waits for the outage counter's decision before its features recover without it.
// The counter answers from memory, so that this time passes only if the counter itself has failed.
const decideWithin = time.Second

// outageGate keeps features from recovering until the outage counter has counted the outage that ended: they must not
// take seats again after one outage too many. While the gate is closed no take and no return is sent.
type outageGate struct {
	downAt  protocol.Instant     // when the first heartbeat of the break failed; zero: none did
	newBoot bool                 // the server restarted or is at another address, and the counter does not know yet
	seen    *protocol.ServerSeen // what the counter is asked about, until it has decided
	unsent  bool                 // seen is still to be sent
	until   protocol.Instant     // when the gate opens even without a decision; zero: it is open
	good    *goodBeat            // the good heartbeat that recovers the features when the gate opens
}

// goodBeat is a heartbeat that the server answered for every lease, and its answers.
type goodBeat struct {
	beat      *beatInFlight
	chunks    []ChunkAnswer
	recovered bool // it ends a break, or tells of a restart
}

// absorb takes over what an earlier good heartbeat was to do.
func (b *goodBeat) absorb(earlier *goodBeat) {
	b.recovered = b.recovered || earlier.recovered
	b.beat.join(earlier.beat.calls...)
}

// down notes a failed heartbeat. The first one of a break is when the server went down.
func (g *outageGate) down(now protocol.Instant) {
	if g.downAt == (protocol.Instant{}) {
		g.downAt = now
	}
}

// restarted notes that the server has another BootID, or is seen for the first time, or for the first time at an address.
func (g *outageGate) restarted() { g.newBoot = true }

// up reports whether an answer ends something that the counter has to know of: failed heartbeats or a restart. It
// returns when the server went down.
func (g *outageGate) up() (downAt protocol.Instant, news bool) {
	downAt, news = g.downAt, g.downAt != (protocol.Instant{}) || g.newBoot
	return downAt, news
}

// ask closes the gate until the counter has decided.
func (g *outageGate) ask(now protocol.Instant, seen *protocol.ServerSeen) {
	g.downAt, g.newBoot = protocol.Instant{}, false
	g.seen, g.unsent, g.until = seen, true, now.After(decideWithin)
}

// takeUnsent returns what is to be sent to the counter, once; nil if there is nothing.
func (g *outageGate) takeUnsent() *protocol.ServerSeen {
	if !g.unsent {
		return nil
	}
	g.unsent = false
	return g.seen
}

// closed reports whether the counter's decision is awaited.
func (g *outageGate) closed() bool { return g.until != (protocol.Instant{}) }

// overdue reports whether decideWithin has passed without a decision.
func (g *outageGate) overdue(now protocol.Instant) bool { return protocol.Passed(now, g.until) }

// hold keeps a good heartbeat until the gate opens. It replaces an earlier good heartbeat, and takes over the
// calls that wait for that one and what that one was to recover.
func (g *outageGate) hold(good *goodBeat) {
	if g.good != nil {
		good.absorb(g.good)
	}
	g.good = good
}

// open opens the gate and returns the good heartbeat that waited for it; nil if there was none.
func (g *outageGate) open() *goodBeat {
	good := g.good
	g.seen, g.unsent, g.until, g.good = nil, false, protocol.Instant{}, nil
	return good
}

// rebuilt returns the gate of the machine that replaces one that panicked. It asks the counter again. The counter
// counts an outage once, however often it is told.
func (g *outageGate) rebuilt(now protocol.Instant) outageGate {
	var n outageGate
	if g.seen != nil {
		n.ask(now, g.seen)
	}
	n.downAt, n.newBoot = g.downAt, g.newBoot
	return n
}
