package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// leaseAge watches the age of the oldest lease (rule 16): when a lease is almost one client timeout old, the server may
// soon give its seats away.
type leaseAge struct {
	set       *protocol.Settings
	ref       *protocol.ConnectionRef
	out       *notices
	peer      *peer
	beats     *beats
	checkouts *checkouts
	checkAt   protocol.Instant // when the oldest lease may be too old; zero: it is not watched
	told      bool             // LeaseAtRisk was published since the last good heartbeat
	toldIn    int              // and in this break
}

// riskMargin is the least margin of riskAge, unless the client timeout is too short for it.
const riskMargin = 10 * time.Second

// riskAge is how old a lease may get before it is at risk: the client timeout less a margin.
func riskAge(clientTimeout time.Duration) time.Duration {
	margin := min(max(riskMargin, clientTimeout/20), clientTimeout/4)
	return clientTimeout - margin
}

func (a *leaseAge) limit() time.Duration { return riskAge(a.peer.hello.ClientTimeout) }

// acked returns when the heartbeat or take was sent that acknowledged all leases. With heartbeats by hand each lease has
// its own time, and the earliest counts.
func (a *leaseAge) acked() protocol.Instant {
	if !a.set.Automatic() {
		if oldest, ok := a.checkouts.leases.oldestOf(protocol.Instant{}, a.checkouts.leases.hasLease); ok {
			return oldest
		}
	}
	return a.beats.acked
}

// watch plans the check of the oldest lease, while heartbeats fail or are postponed and while features wait for seats.
func (a *leaseAge) watch(now protocol.Instant) {
	leases := &a.checkouts.leases
	waiting := leases.leases < leases.beaten()
	needed := a.beats.recovering || a.beats.isPostponed() || waiting
	if a.checkAt != (protocol.Instant{}) || !a.set.Automatic() || !needed {
		return
	}
	if oldest, ok := leases.oldest(now); ok {
		a.checkAt = now.After(max(a.limit()-now.Since(oldest), 0))
	}
}

// watchAgain plans the check anew: the ages have changed, or the wall clock runs faster than the timer.
func (a *leaseAge) watchAgain(now protocol.Instant) {
	a.stop()
	a.watch(now)
}

// stop removes the planned check.
func (a *leaseAge) stop() { a.checkAt = protocol.Instant{} }

// breakEnded allows LeaseAtRisk to be published again: a good heartbeat has ended the break.
func (a *leaseAge) breakEnded() { a.told = false }

// checkNow checks the oldest lease, whatever was planned: the wall clock has jumped.
func (a *leaseAge) checkNow(now protocol.Instant) {
	a.checkAt = now
	a.check(now)
}

// check does what has become due: it publishes, once in each break, that the leases are at risk and, with
// EnforceTimeout, ends the leases that are too old.
func (a *leaseAge) check(now protocol.Instant) {
	if !protocol.Passed(now, a.checkAt) {
		return
	}
	a.stop()
	leases, timeout := &a.checkouts.leases, a.peer.hello.ClientTimeout
	oldest, ok := leases.oldest(now)
	if !ok || now.Since(oldest) < a.limit() {
		a.watch(now)
		return
	}
	if !a.wasTold() && (a.beats.unsettled() || a.leaseAtRisk(now)) {
		a.told, a.toldIn = true, a.beats.breaks
		a.out.publish(messages.LeaseAtRisk{
			Server: a.ref.Server(), Features: leases.beaten(), Age: now.Since(oldest), Timeout: timeout,
		})
	}
	if a.set.EnforceTimeout {
		a.out.tellAll(a.checkouts.timeOut(now, a.limit()), a.out.leaseTimedOut(timeout))
		a.watch(now)
	}
}

// wasTold reports whether LeaseAtRisk was published in this break. A break ends with any answer, and not only with a good
// heartbeat.
func (a *leaseAge) wasTold() bool { return a.told && a.toldIn == a.beats.breaks }

// leaseAtRisk reports whether the oldest lease that is left is at risk. This can happen without a failed heartbeat,
// when the answer to a postponed heartbeat is late.
func (a *leaseAge) leaseAtRisk(now protocol.Instant) bool {
	oldest, ok := a.checkouts.leases.oldestLease(now)
	return ok && now.Since(oldest) >= a.limit()
}

// restore takes over, from the machine that panicked, whether LeaseAtRisk was published and in which break.
func (a *leaseAge) restore(old *leaseAge) { a.told, a.toldIn = old.told, old.toldIn }
