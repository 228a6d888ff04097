package feature

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// trial is a checkout under test: its machine, the connections it hears from, and the time.
type trial struct {
	f      *Machine
	links  map[messages.Address]*protocol.ConnectionRef
	now    protocol.Instant
	latest protocol.TakeSeat // the latest take that was asked for
}

// newTrial returns a checkout of one seat of f2 that has not begun. Servers and connections have the same names.
func newTrial(set protocol.Settings) *trial {
	return &trial{
		f:     &Machine{set: &set, member: &protocol.Member{Claim: messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 0), Count: 1}}},
		links: make(map[messages.Address]*protocol.ConnectionRef),
	}
}

// step gives the machine an input and notes what it asks for.
func (p *trial) step(in protocol.Input) []protocol.Effect {
	effects := p.f.Step(p.now, in)
	for _, e := range effects {
		if t, ok := e.(protocol.TakeSeat); ok {
			p.latest = t
		}
	}
	return effects
}

// steps gives the machine inputs, each made when its turn comes.
func (p *trial) steps(makers ...func(*trial) protocol.Input) *trial {
	for _, in := range makers {
		p.step(in(p))
	}
	return p
}

// link returns the connection to a server, the same one each time.
func (p *trial) link(a messages.Address) *protocol.ConnectionRef {
	if p.links[a] == nil {
		var sibling *protocol.ConnectionRef // the links of a runtime share when a server last replied
		for _, l := range p.links {
			sibling = l
		}
		p.links[a] = protocol.NewConnectionRef(a, sibling)
		p.links[a].SetServer(messages.Server{ID: string(a), Address: a})
	}
	return p.links[a]
}

// asked returns the connection that the latest take went to.
func (p *trial) asked() *protocol.ConnectionRef {
	if p.latest.Connection != nil {
		return p.latest.Connection
	}
	return p.link(p.latest.Address)
}

// others returns the search list without the origin.
func (p *trial) others() []messages.Address {
	return slices.DeleteFunc(slices.Clone(p.f.set.Servers), func(a messages.Address) bool { return p.link(a) == p.f.origin })
}

// Inputs about the latest take or the origin, as their connections would send them.

func beginning(*trial) protocol.Input { return &protocol.Begin{} }

func grant(p *trial) protocol.Input {
	return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.asked(), Server: p.asked().Server()}
}

func grantLocally(p *trial) protocol.Input {
	return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.asked(), Server: p.asked().Server(), Local: true}
}

func refuse(reason messages.Reason) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input {
		return &protocol.SeatRefused{Take: p.latest.Take, Server: p.asked().Server(), Reason: reason}
	}
}

func silence(p *trial) protocol.Input {
	return &protocol.SeatUnanswered{Take: p.latest.Take, Server: p.asked().Server(), Reason: messages.Unanswered, Cause: "timeout"}
}

func putOff(after time.Duration) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input {
		return &protocol.SeatUnanswered{
			Take: p.latest.Take, Server: p.asked().Server(), Reason: messages.Busy, Cause: "busy", Reached: true, RetryAfter: after,
		}
	}
}

func beatFails(n int) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input {
		return &protocol.HeartbeatFailed{Connection: p.f.origin, Failed: n, Cause: "timeout", Others: p.others()}
	}
}

func resumed(p *trial) protocol.Input { return &protocol.LeaseResumed{Connection: p.f.origin} }

func ended(reason messages.Reason) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input { return &protocol.LeaseEnded{Connection: p.f.origin, Reason: reason} }
}

func timedOut(p *trial) protocol.Input {
	return &protocol.LeaseTimedOut{Connection: p.f.origin, Text: "too old"}
}

func regained(p *trial) protocol.Input { return &protocol.ServerRegained{Connection: p.f.origin} }

func replaced(by messages.Address) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input { return &protocol.OriginReplaced{Connection: p.f.origin, By: p.link(by)} }
}

// reborn makes the machine anew, as after a panic of its actor.
func reborn(usedUp bool) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input {
		p.f.Reset(p.f.state, p.f.origin, p.f.local)
		return &protocol.Restarted{Cause: "defect", UsedUp: usedUp}
	}
}

// recollect is what the origin's connection says: the take that the lease is from, and how many beats failed.
func recollect(held uint32, failed int) func(*trial) protocol.Input {
	return func(p *trial) protocol.Input {
		return &protocol.Holdings{
			Connection: p.f.origin, Held: held, Recovering: failed > 0,
			Last: &protocol.HeartbeatFailed{Connection: p.f.origin, Failed: failed, Cause: "timeout", Others: p.others()},
		}
	}
}
