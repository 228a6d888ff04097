package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// directory is the machine of the runtime's own actor: which connection serves which address and which server, who gave
// up, and whether everything is returned.
type directory struct {
	set         *Settings
	byAddr      map[messages.Address]*ConnectionRef
	byServer    map[string]*ConnectionRef
	connections []*ConnectionRef // all, in the order made
	exits       map[*ConnectionRef]*messages.Exited
	exitAt      Instant // when the exits are told; zero: there are none
	exitBy      Instant // not later than this
	lastExit    *gaveUp // the latest one in exits
	closing     bool    // from Close on nothing exits (rule 20)
	draining    map[*ConnectionRef]bool
	clock       clockWatch
	timer       wakeOrder
	call        *Reply // the Close that waits for the returns
}

// Features of one connection that give up together make one Exited: those within a pause of exitPause, at most exitMost.
const (
	exitPause = 100 * time.Millisecond
	exitMost  = 5 * time.Second
)

func newDirectory(set *Settings) *directory {
	return &directory{
		set: set, byAddr: make(map[messages.Address]*ConnectionRef), byServer: make(map[string]*ConnectionRef),
		exits: make(map[*ConnectionRef]*messages.Exited), clock: newClockWatch(set),
	}
}

// rebuilt returns a directory of the connections that there are, after a panic, with the exits that d had yet to tell.
// drain is the Close that waits for the returns; nil: none does.
func (d *directory) rebuilt(now Instant, connections []*ConnectionRef, closing bool, drain *Reply) *directory {
	n := newDirectory(d.set)
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
		n.draining = make(map[*ConnectionRef]bool, len(n.connections))
		for _, ref := range n.connections {
			n.draining[ref] = true
		}
	}
	n.clock.start(now)
	return n
}

// Inputs and effects of the directory. It also gets the orders of features, and what connections find.
type (
	// closing: from now on nothing exits.
	closing struct{ Message }
	// drainAll: all features ended; tell the call when everything is returned.
	drainAll struct {
		Message
		reply *Reply
	}
	// spawn starts the actor of a new connection.
	spawn struct{ connection *ConnectionRef }
	// exit tells that features gave up.
	exit struct{ event messages.Exited }
)

func (spawn) IsEffect() {}
func (exit) IsEffect()  {}

func (d *directory) step(now Instant, in any) []Effect {
	effects := d.dispatch(now, in)
	return append(effects, d.timer.wakeAt(sooner(sooner(d.exitAt, d.exitLimit()), d.clock.next)))
}

func (d *directory) dispatch(now Instant, in any) []Effect {
	switch in := in.(type) {
	case *takeOrder:
		d.clock.start(now)
		link, effects := d.at(in.address)
		return append(effects, forward{link, in})
	case *releaseOrder:
		return d.toAll(in)
	case *holdingsQuery:
		return []Effect{forward{in.member.Origin(), in}}
	case identify:
		return d.identified(in)
	case otherServerFound:
		return d.foundStranger(in)
	case *gaveUp:
		if in == d.lastExit {
			return nil // again, after a panic
		}
		d.lastExit = in
		return d.noteExit(now, in)
	case *wakeUp:
		return append(d.watchClock(now), d.tellExits(now)...)
	case *closing:
		d.closing, d.exits, d.exitAt = true, nil, Instant{}
		return nil
	case *drainAll:
		return d.drain(in.reply)
	case drained:
		return d.drained(in.connection)
	default:
		return nil
	}
}

// at returns the connection for an address, and the order to start it if it is a new one.
func (d *directory) at(a messages.Address) (*ConnectionRef, []Effect) {
	if link := d.byAddr[a]; link != nil {
		return link, nil
	}
	link := d.add(a)
	return link, []Effect{spawn{link}}
}

func (d *directory) add(a messages.Address) *ConnectionRef {
	link := d.newConnection(a)
	d.byAddr[a] = link
	return link
}

func (d *directory) newConnection(a messages.Address) *ConnectionRef {
	var sibling *ConnectionRef
	if len(d.connections) > 0 {
		sibling = d.connections[0]
	}
	link := NewConnectionRef(a, sibling)
	d.connections = append(d.connections, link)
	return link
}

func (d *directory) toAll(in any) []Effect {
	effects := make([]Effect, len(d.connections))
	for i, link := range d.connections {
		effects[i] = forward{link, in}
	}
	return effects
}

// identified: an address said which server it leads to. The server's first connection stays the only one.
func (d *directory) identified(in identify) []Effect {
	id := in.dialled.hello.Identity.ServerID
	known := d.byServer[id]
	if known == nil || known == in.connection {
		d.know(in.connection, in.dialled)
		return []Effect{forward{in.connection, &confirmed{dialled: in.dialled}}}
	}
	d.byAddr[in.dialled.address] = known
	return []Effect{forward{known, &addressFound{dialled: in.dialled}}, forward{in.connection, &aliasOf{connection: known}}}
}

// know notes that a server has its connection. The link shows it from now on, though its actor has yet to hear of it: a
// directory that is made anew must not make another one.
func (d *directory) know(link *ConnectionRef, f dialled) {
	id := f.hello.Identity.ServerID
	d.byServer[id] = link
	link.SetServer(messages.Server{ID: id, Address: f.address})
}

// foundStranger: at an address of one connection another server answered. It gets the address and the session; with move
// the features follow.
func (d *directory) foundStranger(in otherServerFound) []Effect {
	id := in.dialled.hello.Identity.ServerID
	link := d.byServer[id]
	var effects []Effect
	switch {
	case link != nil:
		effects = []Effect{forward{link, &addressFound{dialled: in.dialled}}}
	case in.dialled.session == nil:
		return nil
	default:
		link = d.newConnection(in.dialled.address)
		d.know(link, in.dialled)
		effects = []Effect{spawn{link}, forward{link, &confirmed{dialled: in.dialled}}}
	}
	d.byAddr[in.dialled.address] = link
	if in.move {
		effects = append(effects, forward{in.connection, &replacedBy{connection: link}})
	}
	return effects
}

// noteExit collects what gives up together (rule 11).
func (d *directory) noteExit(now Instant, g *gaveUp) []Effect {
	if d.closing {
		return nil
	}
	e := d.exits[g.connection]
	if e == nil {
		e = &messages.Exited{Servers: d.set.Servers, Failed: g.failed, Cause: g.cause}
		d.exits[g.connection] = e
	}
	e.Features++
	if len(e.Names) < messages.MaxExitedNames {
		e.Names = append(e.Names, g.feature)
	}
	if d.exitAt == (Instant{}) {
		d.exitBy = now.after(exitMost)
	}
	d.exitAt = now.after(exitPause)
	return nil
}

// exitLimit is when exits are told at the latest.
func (d *directory) exitLimit() Instant {
	if d.exitAt == (Instant{}) {
		return Instant{}
	}
	return d.exitBy
}

func (d *directory) tellExits(now Instant) []Effect {
	if !passed(now, sooner(d.exitAt, d.exitLimit())) {
		return nil
	}
	d.exitAt = Instant{}
	var effects []Effect
	for _, link := range d.connections {
		if e := d.exits[link]; e != nil {
			effects = append(effects, exit{*e})
			delete(d.exits, link)
		}
	}
	return effects
}

// drain asks every connection to return what is owed.
func (d *directory) drain(c *Reply) []Effect {
	d.call = c
	d.draining = make(map[*ConnectionRef]bool, len(d.connections))
	for _, link := range d.connections {
		d.draining[link] = true
	}
	if len(d.connections) == 0 {
		c.Answer(nil)
		return nil
	}
	return d.toAll(&drain{})
}

func (d *directory) drained(link *ConnectionRef) []Effect {
	delete(d.draining, link)
	if len(d.draining) == 0 {
		d.call.Answer(nil)
	}
	return nil
}

// watchClock tells everybody when the clocks parted.
func (d *directory) watchClock(now Instant) []Effect {
	by, jumped := d.clock.look(now)
	if !jumped {
		return nil
	}
	effects := []Effect{publish{messages.ClockJumped{By: by}}}
	return append(effects, d.toAll(&clockJumped{})...)
}
