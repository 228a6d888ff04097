package directory

import (
	"fmt"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Machine is the machine of the runtime's actor. Its methods are not safe for concurrent use; the actor calls them.
type Machine struct {
	set       *protocol.Settings
	addresses addresses
	exits     exits
	clock     clockWatch
	closing   bool                             // from Close on nothing exits (rule 20)
	draining  map[*protocol.ConnectionRef]bool // connections that have something left to return
	refused   int                              // returns that servers refused for good
	drained   *protocol.Reply                  // answered when all of them are done; nil: nobody waits
	timer     protocol.WakeOrder
}

// Inputs and effects that only the runtime's actor uses. The others are in package protocol.
type (
	// Closing says that from now on nothing exits.
	Closing struct{ protocol.Message }
	// DrainAll says that all features have ended. Reply is answered when everything is returned.
	DrainAll struct {
		protocol.Message
		Reply *protocol.Reply
	}
	// Spawn starts the actor of a new connection.
	Spawn struct{ Connection *protocol.ConnectionRef }
	// Exit publishes that features exited, and tells the host.
	Exit struct{ Event messages.Exited }
)

// IsEffect makes Spawn an Effect.
func (Spawn) IsEffect() {}

// IsEffect makes Exit an Effect.
func (Exit) IsEffect() {}

// New returns the machine of a runtime without connections.
func New(set *protocol.Settings) *Machine {
	return &Machine{
		set: set, addresses: newAddresses(), clock: newClockWatch(set),
		exits: exits{events: make(map[*protocol.ConnectionRef]*messages.Exited)},
	}
}

// Rebuilt returns the machine that goes on after d has panicked. It knows the connections that exist, and the exits that d
// had yet to publish. drained is the reply to the DrainAll that came before; nil if none did.
func (d *Machine) Rebuilt(now protocol.Instant, connections []*protocol.ConnectionRef, closing bool, drained *protocol.Reply) *Machine {
	n := New(d.set)
	n.addresses, n.exits, n.closing = connectionsOf(connections), d.exits, closing
	if drained != nil {
		n.startDraining(drained)
	}
	n.clock.start(now)
	return n
}

// Step handles one input and returns the effects to perform, in order. Besides inputs it takes the effects by which
// connections and features tell the runtime something.
func (d *Machine) Step(now protocol.Instant, in any) []protocol.Effect {
	effects := d.dispatch(now, in)
	return append(effects, d.timer.WakeAt(protocol.Sooner(d.exits.due(), d.clock.next)))
}

func (d *Machine) dispatch(now protocol.Instant, in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.TakeOrder:
		return d.takeOrdered(now, in)
	case *protocol.ReleaseOrder:
		return d.toAll(in)
	case *protocol.HoldingsQuery:
		return []protocol.Effect{protocol.Forward{To: in.Member.Origin(), In: in}}
	case protocol.Identify:
		return d.identify(in)
	case protocol.OtherServerFound:
		return d.otherServerFound(in)
	case *protocol.GaveUp:
		d.exits.add(now, in, d.set.Servers)
		return d.publishRest()
	case *protocol.WakeUp:
		return append(d.watchClock(now), d.publishExits(now)...)
	case *Closing:
		return d.close()
	case *DrainAll:
		return d.drainAll(in.Reply)
	case protocol.Drained:
		return d.connectionDrained(in)
	default:
		return nil
	}
}

// takeOrdered hands a take to the connection for its address.
func (d *Machine) takeOrdered(now protocol.Instant, in *protocol.TakeOrder) []protocol.Effect {
	d.clock.start(now)
	ref, made := d.addresses.at(in.Address)
	if made {
		return []protocol.Effect{Spawn{ref}, protocol.Forward{To: ref, In: in}}
	}
	return []protocol.Effect{protocol.Forward{To: ref, In: in}}
}

// toAll sends an input to all connections. Connections that are aliases get it, too.
func (d *Machine) toAll(in any) []protocol.Effect {
	effects := make([]protocol.Effect, len(d.addresses.all))
	for i, ref := range d.addresses.all {
		effects[i] = protocol.Forward{To: ref, In: in}
	}
	return effects
}

// identify decides which connection is the only one of a server: the first one that reached the server.
func (d *Machine) identify(in protocol.Identify) []protocol.Effect {
	known := d.addresses.of(in.Dialled.Hello.Identity.ServerID)
	if known == nil || known == in.Connection {
		d.addresses.setServer(in.Connection, in.Dialled)
		return []protocol.Effect{protocol.Forward{To: in.Connection, In: &protocol.Confirmed{Dialled: in.Dialled}}}
	}
	d.addresses.setAddress(in.Dialled.Address, known)
	return []protocol.Effect{
		protocol.Forward{To: known, In: &protocol.AddressFound{Dialled: in.Dialled}},
		protocol.Forward{To: in.Connection, In: &protocol.AliasOf{Connection: known}},
	}
}

// otherServerFound gives the address, and the session, to the connection of the server that answered there. A server that
// has no connection yet gets one, unless the session was handed over before.
func (d *Machine) otherServerFound(in protocol.OtherServerFound) []protocol.Effect {
	ref := d.addresses.of(in.Dialled.Hello.Identity.ServerID)
	var effects []protocol.Effect
	switch {
	case ref != nil:
		effects = []protocol.Effect{protocol.Forward{To: ref, In: &protocol.AddressFound{Dialled: in.Dialled}}}
	case in.Dialled.Session == nil:
		return nil
	default:
		ref = d.addresses.make(in.Dialled.Address)
		d.addresses.setServer(ref, in.Dialled)
		effects = []protocol.Effect{Spawn{ref}, protocol.Forward{To: ref, In: &protocol.Confirmed{Dialled: in.Dialled}}}
	}
	d.addresses.setAddress(in.Dialled.Address, ref)
	if in.Move {
		effects = append(effects, protocol.Forward{To: in.Connection, In: &protocol.ReplacedBy{Connection: ref}})
	}
	return effects
}

// watchClock tells every connection when the clocks have jumped (rule 17).
func (d *Machine) watchClock(now protocol.Instant) []protocol.Effect {
	by, jumped := d.clock.look(now)
	if !jumped {
		return nil
	}
	effects := []protocol.Effect{protocol.Publish{Event: messages.ClockJumped{By: by}}}
	return append(effects, d.toAll(&protocol.ClockJumped{})...)
}

// publishExits publishes the exits that are due (rule 11).
func (d *Machine) publishExits(now protocol.Instant) []protocol.Effect {
	var effects []protocol.Effect
	for _, event := range d.exits.take(now, d.addresses.all) {
		effects = append(effects, Exit{event})
	}
	return effects
}

// close publishes the exits that are still to be published.
func (d *Machine) close() []protocol.Effect {
	d.closing = true
	return d.publishRest()
}

// publishRest publishes at once, from Close on, that features exited. The host is not told: from Close on nothing exits
// (rule 20).
func (d *Machine) publishRest() []protocol.Effect {
	if !d.closing {
		return nil
	}
	var effects []protocol.Effect
	for _, event := range d.exits.takeAll(d.addresses.all) {
		effects = append(effects, protocol.Publish{Event: event})
	}
	return effects
}

// drainAll asks every connection to return what is left.
func (d *Machine) drainAll(drained *protocol.Reply) []protocol.Effect {
	d.startDraining(drained)
	if len(d.draining) == 0 {
		drained.Answer(nil)
		return nil
	}
	return d.toAll(&protocol.Drain{})
}

func (d *Machine) startDraining(drained *protocol.Reply) {
	d.drained = drained
	d.draining = make(map[*protocol.ConnectionRef]bool, len(d.addresses.all))
	for _, ref := range d.addresses.all {
		d.draining[ref] = true
	}
}

// connectionDrained answers the reply when the last connection has nothing left to return.
func (d *Machine) connectionDrained(in protocol.Drained) []protocol.Effect {
	if d.draining[in.Connection] {
		d.refused += in.Refused
	}
	delete(d.draining, in.Connection)
	if len(d.draining) > 0 {
		return nil
	}
	if d.refused > 0 {
		d.drained.Answer(fmt.Errorf("%d returns were refused by their servers", d.refused))
	}
	d.drained.Answer(nil) // the first answer counts
	return nil
}
