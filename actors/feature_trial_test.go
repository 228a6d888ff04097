package actors

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// trial is a checkout under test: its machine, the connections it hears from, and the time.
type trial struct {
	f      *feature
	links  map[messages.Address]*Link
	now    instant
	latest takeSeat // the latest take that was asked for
}

// newTrial returns a checkout of one seat of f2 that has not begun. Servers and connections have the same names.
func newTrial(set Settings) *trial {
	return &trial{
		f:     &feature{set: &set, claim: messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 0), Count: 1}},
		links: make(map[messages.Address]*Link),
	}
}

// trialSettings are those of a trial unless it says otherwise.
func trialSettings() Settings {
	return Settings{
		Servers: []messages.Address{"S1", "S2", "S3"}, Attempts: 3, Interval: time.Minute, FailoverRounds: 1,
		ConnectTimeout: 5 * time.Second,
	}
}

// step gives the machine an input and notes what it asks for.
func (p *trial) step(in input) []effect {
	effects := p.f.step(p.now, in)
	for _, e := range effects {
		if t, ok := e.(takeSeat); ok {
			p.latest = t
		}
	}
	return effects
}

// steps gives the machine inputs, each made when its turn comes.
func (p *trial) steps(makers ...func(*trial) input) *trial {
	for _, in := range makers {
		p.step(in(p))
	}
	return p
}

// link returns the connection to a server, the same one each time.
func (p *trial) link(a messages.Address) *Link {
	if p.links[a] == nil {
		l := newLink(a)
		for _, other := range p.links {
			l.heard = other.heard // shared by the links of a runtime
		}
		p.links[a] = l
		p.links[a].server.Store(&messages.Server{ID: string(a), Address: a})
	}
	return p.links[a]
}

// asked returns the connection that the latest take went to.
func (p *trial) asked() *Link {
	if p.latest.link != nil {
		return p.latest.link
	}
	return p.link(p.latest.address)
}

// others returns the search list without the origin.
func (p *trial) others() []messages.Address {
	return slices.DeleteFunc(slices.Clone(p.f.set.Servers), func(a messages.Address) bool { return p.link(a) == p.f.origin })
}

// Inputs about the latest take or the origin, as their connections would send them.

func beginning(*trial) input { return &begin{} }

func grant(p *trial) input {
	return &seatGranted{take: p.latest.take, link: p.asked(), server: p.asked().Server()}
}

func grantLocally(p *trial) input {
	return &seatGranted{take: p.latest.take, link: p.asked(), server: p.asked().Server(), local: true}
}

func refuse(reason messages.Reason) func(*trial) input {
	return func(p *trial) input {
		return &seatRefused{take: p.latest.take, server: p.asked().Server(), reason: reason}
	}
}

func silence(p *trial) input {
	return &seatUnanswered{take: p.latest.take, server: p.asked().Server(), reason: messages.Unanswered, cause: "timeout"}
}

func putOff(after time.Duration) func(*trial) input {
	return func(p *trial) input {
		return &seatUnanswered{
			take: p.latest.take, server: p.asked().Server(), reason: messages.Busy, cause: "busy", reached: true, retryAfter: after,
		}
	}
}

func beatFails(n int) func(*trial) input {
	return func(p *trial) input {
		return &heartbeatFailed{link: p.f.origin, failed: n, cause: "timeout", others: p.others()}
	}
}

func resumed(p *trial) input { return &leaseResumed{link: p.f.origin} }

func ended(reason messages.Reason) func(*trial) input {
	return func(p *trial) input { return &leaseEnded{link: p.f.origin, reason: reason} }
}

func timedOut(p *trial) input { return &leaseTimedOut{link: p.f.origin, message: "too old"} }

func regained(p *trial) input { return &serverRegained{link: p.f.origin} }

func replaced(by messages.Address) func(*trial) input {
	return func(p *trial) input { return &originReplaced{link: p.f.origin, by: p.link(by)} }
}

// reborn makes the machine anew, as after a panic of its actor.
func reborn(usedUp bool) func(*trial) input {
	return func(p *trial) input {
		p.f.rebirth(p.f.state, p.f.origin, p.f.local)
		return &restarted{cause: "defect", usedUp: usedUp}
	}
}

// recollect is what the origin's connection says: the take that the lease is from, and how many beats failed.
func recollect(held uint32, failed int) func(*trial) input {
	return func(p *trial) input {
		return &recalled{
			link: p.f.origin, held: held, broken: failed > 0,
			last: &heartbeatFailed{link: p.f.origin, failed: failed, cause: "timeout", others: p.others()},
		}
	}
}
