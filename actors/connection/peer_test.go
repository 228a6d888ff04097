package connection

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// peerPart runs the scripts of testdata/peer.
type peerPart struct{ peer peer }

func (p *peerPart) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "confirmed": // id, boot, epoch, flaps=
		p.peer.confirm(protocol.Dialled{Hello: p.hello(t, d), Flaps: script.Number(t, script.Option(t, d, "flaps", "0"))})
		return p.show()
	case "reply": // id=, boot=, epoch=, generation=
		sent := script.Number(t, script.Option(t, d, "generation", fmt.Sprint(p.peer.generation)))
		verdict := p.peer.observe(p.hello(t, d), uint64(sent))
		return [...]string{"same", "restarted", "stale", "other server"}[verdict] + ": " + p.show()
	case "answered-as-before":
		p.peer.settled()
		return p.show()
	case "address-found": // flaps=
		p.peer.addressFound(script.Number(t, script.Option(t, d, "flaps", "0")))
		return p.show()
	case "reached-at": // address
		p.peer.reachedAt(messages.Address(script.Word(t, d)))
		return p.where()
	case "lost": // address
		p.peer.lost(messages.Address(script.Word(t, d)))
		return p.where()
	case "announce": // server
		return [...]string{"publish", "published before"}[map[bool]int{true: 1}[p.peer.announce(script.Word(t, d))]]
	case "panicked":
		p.peer = p.peer.rebuilt("a1")
		return p.show() + "\n" + p.where()
	}
	return unknown(t, d)
}

// hello is what the server says of itself: as it is known, but for the options.
func (p *peerPart) hello(t *testing.T, d *datadriven.TestData) transport.Hello {
	is := p.peer.hello.Identity
	return transport.Hello{Identity: messages.Identity{
		ServerID: script.Option(t, d, "id", is.ServerID), BootID: script.Option(t, d, "boot", is.BootID),
		Epoch: uint64(script.Number(t, script.Option(t, d, "epoch", fmt.Sprint(is.Epoch)))),
	}}
}

func (p *peerPart) show() string {
	return fmt.Sprintf("%s, generation %d, flaps %d", p.peer.hello.Identity, p.peer.generation, p.peer.flaps) +
		script.Prefixed(", ", script.Flagged(p.peer.excessFlaps() > 0, "too many"))
}

func (p *peerPart) where() string {
	return fmt.Sprintf("at %s, elsewhere %s", p.peer.addresses, p.peer.elsewhere([]messages.Address{"a1", "a2", "b1"}))
}
