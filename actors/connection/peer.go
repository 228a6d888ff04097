package connection

import (
	"slices"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// phase is how much a connection knows of its server.
type phase uint8

const (
	// unidentified: only an address is known. Takes wait here until the server has said who it is.
	unidentified phase = iota
	// identifying: the server has answered; the runtime is asked whether it has a connection to this server already.
	identifying
	// identified: this is the one connection to its server.
	identified
	// aliased: another connection has this server. It gets every input that still comes here.
	aliased
)

// peer is what a connection knows of the server at its other end: its identity and its addresses.
type peer struct {
	phase         phase
	aliasOf       *protocol.ConnectionRef // the connection that an aliased one forwards to
	addresses     []messages.Address      // addresses of this server; the latest one that was reached comes first
	hello         transport.Hello         // what the server last said of itself
	generation    uint64                  // grows with each identity learnt; a call keeps the generation that it was sent in
	formerBoots   []string                // BootIDs before the last restarts, at most maxFormerBoots: their Epochs may be higher, if the ledger was restored from a backup
	lastReply     protocol.Instant        // when the server last replied, to anything; zero: never
	flaps         int                     // changes of identity or address since a reply last had the known identity
	otherSessions []protocol.Dialled      // sessions to other servers that answered at this server's addresses, kept until it is known whether this server can still be reached
	announced     string                  // ServerID of the replacement last published as ServerReplaced; empty once this server answers again
	movedTo       *protocol.ConnectionRef // the connection that took over the features; kept to redirect a feature that missed the move
}

// verdict is what the identity in a reply means (rule 7).
type verdict uint8

const (
	// same: the server that is known.
	same verdict = iota
	// restarted: the server restarted. Its Epoch may have gone down; then its ledger went back, and it knows no lease.
	restarted
	// stale: the reply carries an identity from before the known one, and is ignored.
	stale
	// otherServer: another server answers here.
	otherServer
)

// maxFormerBoots is how many BootIDs of the past are known. An answer that is late by more restarts than that looks new.
const maxFormerBoots = 8

// observe compares the identity in a reply, to a call that was sent in the given generation, with the one that is known.
// When the server restarted, observe stores the new identity. When another server answers, it stores nothing.
func (p *peer) observe(hello transport.Hello, generation uint64) verdict {
	was, is := p.hello.Identity, hello.Identity
	if hello.ClientTimeout <= 0 { // a refusal may leave it out
		hello.ClientTimeout = p.hello.ClientTimeout
	}
	switch {
	case is == was:
		p.hello.ClientTimeout = hello.ClientTimeout
		return same
	case generation < p.generation && (is.ServerID != was.ServerID || is.Epoch <= was.Epoch || slices.Contains(p.formerBoots, is.BootID)):
		return stale
	case is.ServerID != was.ServerID:
		return otherServer
	}
	p.hello = hello
	p.formerBoots = append(p.formerBoots[max(0, len(p.formerBoots)-maxFormerBoots+1):], was.BootID)
	p.generation++
	p.flaps++
	return restarted
}

// isKnown reports whether a server is the one that is known.
func (p *peer) isKnown(serverID string) bool { return serverID == p.hello.Identity.ServerID }

// identify notes that a server answered and the runtime is asked about it.
func (p *peer) identify() { p.phase = identifying }

// confirm notes that this is the connection to the server.
func (p *peer) confirm(d protocol.Dialled) {
	p.phase, p.hello, p.generation, p.flaps = identified, d.Hello, 1, d.Flaps
}

// alias notes that another connection has the server.
func (p *peer) alias(of *protocol.ConnectionRef) { p.phase, p.aliasOf = aliased, of }

// moved notes which connection took over the features, or nil when features came here instead: two connections that
// redirect to each other would send a feature round and round.
func (p *peer) moved(to *protocol.ConnectionRef) { p.movedTo = to }

// generationUnknown is the generation of a session that another connection opened: its answer may be older than what
// this connection has learnt of the server meanwhile.
const generationUnknown = 0

// addressFound notes that the server was found at another address, and how often it had moved before.
func (p *peer) addressFound(flaps int) { p.flaps = max(p.flaps+1, flaps) }

// reachedAt notes that a session leads to this server, at an address.
func (p *peer) reachedAt(a messages.Address) {
	p.addresses, p.announced = moveToFront(p.addresses, a), ""
}

// isAt reports whether an address is known to lead to this server.
func (p *peer) isAt(a messages.Address) bool { return slices.Contains(p.addresses, a) }

// lost notes that another server answers at an address.
func (p *peer) lost(a messages.Address) { p.addresses = without(p.addresses, a) }

// nowhere reports whether other servers answer at every address of this server.
func (p *peer) nowhere() bool { return len(p.addresses) == 0 }

// replacedBy reports whether the given sessions show that other servers answer at every address of this server.
func (p *peer) replacedBy(others []protocol.Dialled) bool {
	left := p.addresses
	for _, d := range others {
		left = without(left, d.Address)
	}
	return len(others) > 0 && len(left) == 0
}

// elsewhere returns the addresses of a search list that are not this server's.
func (p *peer) elsewhere(list []messages.Address) []messages.Address {
	for _, own := range p.addresses {
		list = without(list, own)
	}
	return list
}

// hasAnswered reports whether the feature that gave the order has had this server's answer in its round before, at another
// address.
func (p *peer) hasAnswered(o *protocol.TakeOrder) bool {
	return p.phase == identified && !o.Mode.Repeats() && slices.Contains(o.Answered, p.hello.Identity.ServerID)
}

// keep keeps a session to another server, and takeOtherSessions hands all of them out.
func (p *peer) keep(d protocol.Dialled) { p.otherSessions = append(p.otherSessions, d) }

func (p *peer) takeOtherSessions() []protocol.Dialled {
	others := p.otherSessions
	p.otherSessions = nil
	return others
}

// announce notes that a replacement is published, and reports whether it was published before.
func (p *peer) announce(serverID string) (again bool) {
	again = p.announced == serverID
	p.announced = serverID
	return again
}

// noteReply notes a reply of any kind.
func (p *peer) noteReply(now protocol.Instant) { p.lastReply = now }

// repliedSince reports whether the server replied to anything since a failover round began (rule 11).
func (p *peer) repliedSince(began protocol.Instant) bool {
	return p.lastReply != (protocol.Instant{}) && !p.lastReply.Before(began)
}

// settled notes an answer from the same server as before.
func (p *peer) settled() { p.flaps = 0 }

// maxFlaps is how many changes of identity or address in a row are tolerated before the server is asked with pauses.
const maxFlaps = 2

// excessFlaps returns how many changes in a row there are beyond maxFlaps; 0 or less when there are none.
func (p *peer) excessFlaps() int { return p.flaps - maxFlaps }

// rebuilt returns the peer of the machine that replaces one that panicked. Answers to calls of the old machine are from
// an older generation. An address that was given up is tried again: the runtime may not have been told.
func (p *peer) rebuilt(address messages.Address) peer {
	n := peer{
		phase: p.phase, aliasOf: p.aliasOf, addresses: p.addresses, hello: p.hello, generation: p.generation + 1,
		lastReply: p.lastReply, announced: p.announced, movedTo: p.movedTo,
	}
	if n.nowhere() {
		n.addresses = []messages.Address{address}
	}
	if n.phase == identifying {
		n.phase = unidentified
	}
	return n
}

// helloOf returns what the server said of itself in a reply, or in the refusal that came instead (rule 7).
func helloOf(reply transport.Hello, err error) (transport.Hello, bool) {
	if err == nil {
		return reply, true
	}
	if r := transport.AsRefusal(err); r != nil && r.Hello.Identity.Valid() {
		return r.Hello, true
	}
	return transport.Hello{}, false
}

// moveToFront returns the list with the address first, added if it was missing. The old list is not changed.
func moveToFront(list []messages.Address, a messages.Address) []messages.Address {
	return append([]messages.Address{a}, without(list, a)...)
}

func without(list []messages.Address, a messages.Address) []messages.Address {
	rest := make([]messages.Address, 0, len(list)+1)
	for _, b := range list {
		if b != a {
			rest = append(rest, b)
		}
	}
	return rest
}
