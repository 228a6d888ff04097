package actors

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// trial is a checkout under test: its machine, the connections it hears from, and the time.
type trial struct {
	f      *feature
	links  map[messages.Address]*ConnectionRef
	now    Instant
	latest takeSeat // the latest take that was asked for
}

// newTrial returns a checkout of one seat of f2 that has not begun. Servers and connections have the same names.
func newTrial(set Settings) *trial {
	return &trial{
		f:     &feature{set: &set, member: &Member{Claim: messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 0), Count: 1}}},
		links: make(map[messages.Address]*ConnectionRef),
	}
}

// step gives the machine an input and notes what it asks for.
func (p *trial) step(in Input) []Effect {
	effects := p.f.step(p.now, in)
	for _, e := range effects {
		if t, ok := e.(takeSeat); ok {
			p.latest = t
		}
	}
	return effects
}

// steps gives the machine inputs, each made when its turn comes.
func (p *trial) steps(makers ...func(*trial) Input) *trial {
	for _, in := range makers {
		p.step(in(p))
	}
	return p
}

// link returns the connection to a server, the same one each time.
func (p *trial) link(a messages.Address) *ConnectionRef {
	if p.links[a] == nil {
		var sibling *ConnectionRef // the links of a runtime share when a server last replied
		for _, l := range p.links {
			sibling = l
		}
		p.links[a] = NewConnectionRef(a, sibling)
		p.links[a].SetServer(messages.Server{ID: string(a), Address: a})
	}
	return p.links[a]
}

// asked returns the connection that the latest take went to.
func (p *trial) asked() *ConnectionRef {
	if p.latest.connection != nil {
		return p.latest.connection
	}
	return p.link(p.latest.address)
}

// others returns the search list without the origin.
func (p *trial) others() []messages.Address {
	return slices.DeleteFunc(slices.Clone(p.f.set.Servers), func(a messages.Address) bool { return p.link(a) == p.f.origin })
}

// Inputs about the latest take or the origin, as their connections would send them.

func beginning(*trial) Input { return &begin{} }

func grant(p *trial) Input {
	return &seatGranted{take: p.latest.take, connection: p.asked(), server: p.asked().Server()}
}

func grantLocally(p *trial) Input {
	return &seatGranted{take: p.latest.take, connection: p.asked(), server: p.asked().Server(), local: true}
}

func refuse(reason messages.Reason) func(*trial) Input {
	return func(p *trial) Input {
		return &seatRefused{take: p.latest.take, server: p.asked().Server(), reason: reason}
	}
}

func silence(p *trial) Input {
	return &seatUnanswered{take: p.latest.take, server: p.asked().Server(), reason: messages.Unanswered, cause: "timeout"}
}

func putOff(after time.Duration) func(*trial) Input {
	return func(p *trial) Input {
		return &seatUnanswered{
			take: p.latest.take, server: p.asked().Server(), reason: messages.Busy, cause: "busy", reached: true, retryAfter: after,
		}
	}
}

func beatFails(n int) func(*trial) Input {
	return func(p *trial) Input {
		return &heartbeatFailed{connection: p.f.origin, failed: n, cause: "timeout", others: p.others()}
	}
}

func resumed(p *trial) Input { return &leaseResumed{connection: p.f.origin} }

func ended(reason messages.Reason) func(*trial) Input {
	return func(p *trial) Input { return &leaseEnded{connection: p.f.origin, reason: reason} }
}

func timedOut(p *trial) Input { return &leaseTimedOut{connection: p.f.origin, message: "too old"} }

func regained(p *trial) Input { return &serverRegained{connection: p.f.origin} }

func replaced(by messages.Address) func(*trial) Input {
	return func(p *trial) Input { return &originReplaced{connection: p.f.origin, by: p.link(by)} }
}

// reborn makes the machine anew, as after a panic of its actor.
func reborn(usedUp bool) func(*trial) Input {
	return func(p *trial) Input {
		p.f.reset(p.f.state, p.f.origin, p.f.local)
		return &restarted{cause: "defect", usedUp: usedUp}
	}
}

// recollect is what the origin's connection says: the take that the lease is from, and how many beats failed.
func recollect(held uint32, failed int) func(*trial) Input {
	return func(p *trial) Input {
		return &holdings{
			connection: p.f.origin, held: held, recovering: failed > 0,
			last: &heartbeatFailed{connection: p.f.origin, failed: failed, cause: "timeout", others: p.others()},
		}
	}
}
