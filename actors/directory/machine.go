package directory

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Machine is the machine of the runtime's own actor: which connection serves which address and which server, who gave
// up, and whether everything is returned.
type Machine struct {
	set         *protocol.Settings
	byAddr      map[messages.Address]*protocol.ConnectionRef
	byServer    map[string]*protocol.ConnectionRef
	connections []*protocol.ConnectionRef // all, in the order made
	exits       map[*protocol.ConnectionRef]*messages.Exited
	exitAt      protocol.Instant // when the exits are told; zero: there are none
	exitBy      protocol.Instant // not later than this
	lastExit    *protocol.GaveUp // the latest one in exits
	closing     bool             // from Close on nothing exits (rule 20)
	draining    map[*protocol.ConnectionRef]bool
	clock       clockWatch
	timer       protocol.WakeOrder
	call        *protocol.Reply // the Close that waits for the returns
}

// Features of one connection that give up together make one Exited: those within a pause of exitPause, at most exitMost.
const (
	exitPause = 100 * time.Millisecond
	exitMost  = 5 * time.Second
)

func New(set *protocol.Settings) *Machine {
	return &Machine{
		set: set, byAddr: make(map[messages.Address]*protocol.ConnectionRef), byServer: make(map[string]*protocol.ConnectionRef),
		exits: make(map[*protocol.ConnectionRef]*messages.Exited), clock: newClockWatch(set),
	}
}

// Rebuilt returns a directory of the connections that there are, after a panic, with the exits that d had yet to tell.
// drain is the Close that waits for the returns; nil: none does.
func (d *Machine) Rebuilt(now protocol.Instant, connections []*protocol.ConnectionRef, closing bool, drain *protocol.Reply) *Machine {
	n := New(d.set)
	n.exits, n.exitAt, n.exitBy, n.lastExit = d.exits, d.exitAt, d.exitBy, d.lastExit
	for _, ref := range connections {
		n.connections = append(n.connections, ref)
		server := ref.Server()
		if ref.Aliased() {
			continue
		}
		n.byAddr[server.Address] = ref
		if server.ID != "" {
			n.byServer[server.ID] = ref
		}
	}
	n.closing = closing
	if drain != nil {
		n.call = drain
		n.draining = make(map[*protocol.ConnectionRef]bool, len(n.connections))
		for _, ref := range n.connections {
			n.draining[ref] = true
		}
	}
	n.clock.start(now)
	return n
}

// Inputs and effects of the directory. It also gets the orders of features, and what connections find.
type (
	// Closing: from now on nothing exits.
	Closing struct{ protocol.Message }
	// DrainAll: all features ended; tell the call when everything is returned.
	DrainAll struct {
		protocol.Message
		Reply *protocol.Reply
	}
	// Spawn starts the actor of a new connection.
	Spawn struct{ Connection *protocol.ConnectionRef }
	// Exit tells that features gave up.
	Exit struct{ Event messages.Exited }
)

func (Spawn) IsEffect() {}
func (Exit) IsEffect()  {}

func (d *Machine) Step(now protocol.Instant, in any) []protocol.Effect {
	effects := d.dispatch(now, in)
	return append(effects, d.timer.WakeAt(protocol.Sooner(protocol.Sooner(d.exitAt, d.exitLimit()), d.clock.next)))
}

func (d *Machine) dispatch(now protocol.Instant, in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.TakeOrder:
		d.clock.start(now)
		link, effects := d.at(in.Address)
		return append(effects, protocol.Forward{To: link, In: in})
	case *protocol.ReleaseOrder:
		return d.toAll(in)
	case *protocol.HoldingsQuery:
		return []protocol.Effect{protocol.Forward{To: in.Member.Origin(), In: in}}
	case protocol.Identify:
		return d.identified(in)
	case protocol.OtherServerFound:
		return d.foundStranger(in)
	case *protocol.GaveUp:
		if in == d.lastExit {
			return nil // again, after a panic
		}
		d.lastExit = in
		return d.noteExit(now, in)
	case *protocol.WakeUp:
		return append(d.watchClock(now), d.tellExits(now)...)
	case *Closing:
		d.closing, d.exits, d.exitAt = true, nil, protocol.Instant{}
		return nil
	case *DrainAll:
		return d.drain(in.Reply)
	case protocol.Drained:
		return d.drained(in.Connection)
	default:
		return nil
	}
}

// at returns the connection for an address, and the order to start it if it is a new one.
func (d *Machine) at(a messages.Address) (*protocol.ConnectionRef, []protocol.Effect) {
	if link := d.byAddr[a]; link != nil {
		return link, nil
	}
	link := d.add(a)
	return link, []protocol.Effect{Spawn{link}}
}

func (d *Machine) add(a messages.Address) *protocol.ConnectionRef {
	link := d.newConnection(a)
	d.byAddr[a] = link
	return link
}

func (d *Machine) newConnection(a messages.Address) *protocol.ConnectionRef {
	var sibling *protocol.ConnectionRef
	if len(d.connections) > 0 {
		sibling = d.connections[0]
	}
	link := protocol.NewConnectionRef(a, sibling)
	d.connections = append(d.connections, link)
	return link
}

func (d *Machine) toAll(in any) []protocol.Effect {
	effects := make([]protocol.Effect, len(d.connections))
	for i, link := range d.connections {
		effects[i] = protocol.Forward{To: link, In: in}
	}
	return effects
}

// identified: an address said which server it leads to. The server's first connection stays the only one.
func (d *Machine) identified(in protocol.Identify) []protocol.Effect {
	id := in.Dialled.Hello.Identity.ServerID
	known := d.byServer[id]
	if known == nil || known == in.Connection {
		d.know(in.Connection, in.Dialled)
		return []protocol.Effect{protocol.Forward{To: in.Connection, In: &protocol.Confirmed{Dialled: in.Dialled}}}
	}
	d.byAddr[in.Dialled.Address] = known
	return []protocol.Effect{protocol.Forward{To: known, In: &protocol.AddressFound{Dialled: in.Dialled}}, protocol.Forward{To: in.Connection, In: &protocol.AliasOf{Connection: known}}}
}

// know notes that a server has its connection. The link shows it from now on, though its actor has yet to hear of it: a
// directory that is made anew must not make another one.
func (d *Machine) know(link *protocol.ConnectionRef, f protocol.Dialled) {
	id := f.Hello.Identity.ServerID
	d.byServer[id] = link
	link.SetServer(messages.Server{ID: id, Address: f.Address})
}

// foundStranger: at an address of one connection another server answered. It gets the address and the session; with move
// the features follow.
func (d *Machine) foundStranger(in protocol.OtherServerFound) []protocol.Effect {
	id := in.Dialled.Hello.Identity.ServerID
	link := d.byServer[id]
	var effects []protocol.Effect
	switch {
	case link != nil:
		effects = []protocol.Effect{protocol.Forward{To: link, In: &protocol.AddressFound{Dialled: in.Dialled}}}
	case in.Dialled.Session == nil:
		return nil
	default:
		link = d.newConnection(in.Dialled.Address)
		d.know(link, in.Dialled)
		effects = []protocol.Effect{Spawn{link}, protocol.Forward{To: link, In: &protocol.Confirmed{Dialled: in.Dialled}}}
	}
	d.byAddr[in.Dialled.Address] = link
	if in.Move {
		effects = append(effects, protocol.Forward{To: in.Connection, In: &protocol.ReplacedBy{Connection: link}})
	}
	return effects
}

// noteExit collects what gives up together (rule 11).
func (d *Machine) noteExit(now protocol.Instant, g *protocol.GaveUp) []protocol.Effect {
	if d.closing {
		return nil
	}
	e := d.exits[g.Connection]
	if e == nil {
		e = &messages.Exited{Servers: d.set.Servers, Failed: g.Failed, Cause: g.Cause}
		d.exits[g.Connection] = e
	}
	e.Features++
	if len(e.Names) < messages.MaxExitedNames {
		e.Names = append(e.Names, g.Feature)
	}
	if d.exitAt == (protocol.Instant{}) {
		d.exitBy = now.After(exitMost)
	}
	d.exitAt = now.After(exitPause)
	return nil
}

// exitLimit is when exits are told at the latest.
func (d *Machine) exitLimit() protocol.Instant {
	if d.exitAt == (protocol.Instant{}) {
		return protocol.Instant{}
	}
	return d.exitBy
}

func (d *Machine) tellExits(now protocol.Instant) []protocol.Effect {
	if !protocol.Passed(now, protocol.Sooner(d.exitAt, d.exitLimit())) {
		return nil
	}
	d.exitAt = protocol.Instant{}
	var effects []protocol.Effect
	for _, link := range d.connections {
		if e := d.exits[link]; e != nil {
			effects = append(effects, Exit{*e})
			delete(d.exits, link)
		}
	}
	return effects
}

// drain asks every connection to return what is owed.
func (d *Machine) drain(c *protocol.Reply) []protocol.Effect {
	d.call = c
	d.draining = make(map[*protocol.ConnectionRef]bool, len(d.connections))
	for _, link := range d.connections {
		d.draining[link] = true
	}
	if len(d.connections) == 0 {
		c.Answer(nil)
		return nil
	}
	return d.toAll(&protocol.Drain{})
}

func (d *Machine) drained(link *protocol.ConnectionRef) []protocol.Effect {
	delete(d.draining, link)
	if len(d.draining) == 0 {
		d.call.Answer(nil)
	}
	return nil
}

// watchClock tells everybody when the clocks parted.
func (d *Machine) watchClock(now protocol.Instant) []protocol.Effect {
	by, jumped := d.clock.look(now)
	if !jumped {
		return nil
	}
	effects := []protocol.Effect{protocol.Publish{Event: messages.ClockJumped{By: by}}}
	return append(effects, d.toAll(&protocol.ClockJumped{})...)
}
