package directory

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// addresses knows all connections of a runtime: which one serves an address, and which one is the only one of a server.
type addresses struct {
	all      []*protocol.ConnectionRef // in the order in which they were made
	byAddr   map[messages.Address]*protocol.ConnectionRef
	byServer map[string]*protocol.ConnectionRef // by ServerID
}

func newAddresses() addresses {
	return addresses{
		byAddr: make(map[messages.Address]*protocol.ConnectionRef), byServer: make(map[string]*protocol.ConnectionRef),
	}
}

// connectionsOf returns addresses with the connections that exist, as each shows itself.
func connectionsOf(all []*protocol.ConnectionRef) addresses {
	a := newAddresses()
	for _, ref := range all {
		a.all = append(a.all, ref)
		server := ref.Server()
		if ref.Aliased() {
			continue
		}
		a.byAddr[server.Address] = ref
		if server.ID != "" {
			a.byServer[server.ID] = ref
		}
	}
	return a
}

// at returns the connection for an address. It makes one when there is none, and reports whether it did.
func (a *addresses) at(address messages.Address) (ref *protocol.ConnectionRef, made bool) {
	if ref := a.byAddr[address]; ref != nil {
		return ref, false
	}
	ref = a.make(address)
	a.byAddr[address] = ref
	return ref, true
}

// make makes a connection of which only the address is known.
func (a *addresses) make(address messages.Address) *protocol.ConnectionRef {
	var sibling *protocol.ConnectionRef
	if len(a.all) > 0 {
		sibling = a.all[0]
	}
	ref := protocol.NewConnectionRef(address, sibling)
	a.all = append(a.all, ref)
	return ref
}

// of returns the connection of a server; nil when it has none.
func (a *addresses) of(serverID string) *protocol.ConnectionRef { return a.byServer[serverID] }

// setServer makes a connection the only one of the server that was dialled. The reference shows the server at once, before
// the connection's actor knows of it, so that a directory rebuilt after a panic does not make another connection.
func (a *addresses) setServer(ref *protocol.ConnectionRef, d protocol.Dialled) {
	id := d.Hello.Identity.ServerID
	a.byServer[id] = ref
	ref.SetServer(messages.Server{ID: id, Address: d.Address})
}

// setAddress gives an address to a connection.
func (a *addresses) setAddress(address messages.Address, ref *protocol.ConnectionRef) {
	a.byAddr[address] = ref
}
