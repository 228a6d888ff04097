package feature

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// harness runs one machine by hand: with the connections that send to it, and the time.
type harness struct {
	f           *Machine
	connections map[messages.Address]*protocol.ConnectionRef
	now         protocol.Instant
	latest      protocol.TakeSeat // the latest take that was asked for
}

// newHarness returns a checkout of one seat of f2 that has not begun. Servers and connections have the same names.
func newHarness(set protocol.Settings) *harness {
	return &harness{
		f:           &Machine{set: &set, member: &protocol.Member{Claim: messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 0), Count: 1}}},
		connections: make(map[messages.Address]*protocol.ConnectionRef),
	}
}

// step gives the machine an input and notes its latest take.
func (p *harness) step(in protocol.Input) []protocol.Effect {
	switch in := in.(type) { // a connection shows its failed count before it tells anybody
	case *protocol.HeartbeatFailed:
		show(in)
	case *protocol.Holdings:
		show(in.Last)
	}
	effects := p.f.Step(p.now, in)
	for _, e := range effects {
		if t, ok := e.(protocol.TakeSeat); ok {
			p.latest = t
		}
	}
	return effects
}

func show(in *protocol.HeartbeatFailed) {
	if in != nil && in.Connection != nil {
		in.Connection.Show(in.Failed, 0, 0)
	}
}

// steps gives the machine inputs, each made when its turn comes.
func (p *harness) steps(makers ...func(*harness) protocol.Input) *harness {
	for _, in := range makers {
		p.step(in(p))
	}
	return p
}

// connection returns the connection to a server, the same one each time.
func (p *harness) connection(a messages.Address) *protocol.ConnectionRef {
	if p.connections[a] == nil {
		var sibling *protocol.ConnectionRef // all connections of a runtime share the time of the last reply
		for _, l := range p.connections {
			sibling = l
		}
		p.connections[a] = protocol.NewConnectionRef(a, sibling)
		p.connections[a].SetServer(messages.Server{ID: string(a), Address: a})
	}
	return p.connections[a]
}

// asked returns the connection that the latest take went to.
func (p *harness) asked() *protocol.ConnectionRef {
	if p.latest.Connection != nil {
		return p.latest.Connection
	}
	return p.connection(p.latest.Address)
}

// others returns the search list without the origin.
func (p *harness) others() []messages.Address {
	return slices.DeleteFunc(slices.Clone(p.f.set.Servers), func(a messages.Address) bool { return p.connection(a) == p.f.seats.origin })
}

// Inputs about the latest take or the origin, as their connections would send them.

func beginning(*harness) protocol.Input { return &protocol.Begin{} }

func grant(p *harness) protocol.Input {
	return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.asked(), Server: p.asked().Server()}
}

func grantLocally(p *harness) protocol.Input {
	return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.asked(), Server: p.asked().Server(), Local: true}
}

func refuse(reason messages.Reason) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.SeatRefused{Take: p.latest.Take, Server: p.asked().Server(), Reason: reason}
	}
}

func silence(p *harness) protocol.Input {
	return &protocol.SeatUnanswered{Take: p.latest.Take, Server: p.asked().Server(), Reason: messages.Unanswered, Cause: "timeout"}
}

func putOff(after time.Duration) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.SeatUnanswered{
			Take: p.latest.Take, Server: p.asked().Server(), Reason: messages.Busy, Cause: "busy", Reached: true, RetryAfter: after,
		}
	}
}

func beatFails(n int) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.HeartbeatFailed{Connection: p.f.seats.origin, Failed: n, Cause: "timeout", Others: p.others()}
	}
}

func resumed(p *harness) protocol.Input { return &protocol.LeaseResumed{Connection: p.f.seats.origin} }

func ended(reason messages.Reason) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.LeaseEnded{Connection: p.f.seats.origin, Reason: reason}
	}
}

func timedOut(p *harness) protocol.Input {
	return &protocol.LeaseTimedOut{Connection: p.f.seats.origin, Text: "too old"}
}

func regained(p *harness) protocol.Input {
	return &protocol.ServerRegained{Connection: p.f.seats.origin}
}

func replaced(by messages.Address) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.OriginReplaced{Connection: p.f.seats.origin, By: p.connection(by)}
	}
}

// afterPanic resets the machine, as its actor does after a panic.
func afterPanic(usedUp bool) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		p.f.Reset(p.f.state, p.f.seats.origin, p.f.seats.local)
		return &protocol.Restarted{Cause: "defect", UsedUp: usedUp}
	}
}

// holdings is what the origin answers after a restart: the take that the lease is from, and how many heartbeats failed.
func holdings(held uint32, failed int) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.Holdings{
			Connection: p.f.seats.origin, Held: held, Recovering: failed > 0,
			Last: &protocol.HeartbeatFailed{Connection: p.f.seats.origin, Failed: failed, Cause: "timeout", Others: p.others()},
		}
	}
}
