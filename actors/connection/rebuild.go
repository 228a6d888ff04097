package connection

import (
	"math/rand/v2"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// wasRestarted is the error for whoever waited for the machine that panicked.
const wasRestarted = "the connection was restarted"

// rebuild makes the machine that goes on after a panic with what the old machine held and owed. Nothing that was under
// way is waited for: a request that may have been executed is to be returned, whoever waits is answered, and the server
// is asked again.
func rebuild(old *Machine, now protocol.Instant, rng *rand.Rand, isDraining bool) *Machine {
	n := New(old.set, old.ref, rng)
	n.peer = old.peer.rebuilt(old.ref.Server().Address)
	n.throttle = old.throttle.rebuilt()
	n.gate = old.gate.rebuilt(now)
	n.checkouts = old.checkouts.rebuilt(now, &n.throttle)
	n.beats = old.beats.rebuilt(n.checkouts.leases.beaten() > 0)
	n.server.restore(&old.server)
	n.schedule.restore(&old.schedule)
	n.age.restore(&old.age)
	if isDraining || old.drain != running {
		n.drain = draining
	}
	n.out.closeSessions(&Connected{Session: old.dialer.retired})
	n.out.closeSessions(&Connected{Session: old.dialer.closed}) // the panic may have lost the order
	n.out.closeSessions(&Connected{Session: old.dialer.session, OtherSessions: old.peer.otherSessions})
	tellHolders(n)
	answerWaiting(n, old)
	n.dialer.retryNow()
	n.age.watch(now)
	return n
}

// tellHolders tells features what the panic may have lost: that their lease timed out, or that there is none. Features
// that have moved to another server say so when they are asked, see protocol.AskAgain.
func tellHolders(n *Machine) {
	late, unleased := n.checkouts.leases.withoutLease()
	n.out.tellAll(late, n.out.leaseTimedOut(n.peer.hello.ClientTimeout))
	n.out.leasesUnknown(unleased...)
}

// answerWaiting ends the takes and the application's calls that waited for the machine that panicked. Features ask
// again for retakes and waits; for other takes they ask the next server.
func answerWaiting(n, old *Machine) {
	for _, t := range old.checkouts.takes.all() {
		n.out.answer(t.call, protocol.TransportError(wasRestarted))
		if !t.mode.Repeats() {
			n.out.seatUnanswered(t, messages.Unanswered, wasRestarted, true, 0)
		}
	}
	old.manual.failAll(&n.out, wasRestarted)
}

// recoverLost handles the part of a lost input that no sender repeats.
func recoverLost(c *Machine, now protocol.Instant, lost any) {
	switch in := lost.(type) {
	case *Connected:
		c.out.closeSessions(in)
	case *protocol.Confirmed:
		recoverDialled(c, now, in.Dialled)
	case *protocol.AddressFound:
		recoverDialled(c, now, in.Dialled)
	case *protocol.TakenOver:
		c.takeOver(now, in)
	}
}

func recoverDialled(c *Machine, now protocol.Instant, d protocol.Dialled) {
	c.checkouts.owe(now, d.Returns)
	c.out.closeSessions(&Connected{Session: d.Session})
}
