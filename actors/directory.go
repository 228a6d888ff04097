package actors

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// directory is the machine of the runtime's own actor: which connection serves which address and which server, who gave
// up, and whether everything is returned.
type directory struct {
	set      *Settings
	byAddr   map[messages.Address]*Link
	byServer map[string]*Link
	links    []*Link // all, in the order made
	exits    map[*Link]*messages.Exited
	exitAt   instant      // when the exits are told; zero: there are none
	exitBy   instant      // not later than this
	noted    *gaveUpOrder // the latest one in exits
	closing  bool         // from Close on nothing exits (rule 20)
	draining map[*Link]bool
	clock    clockWatch
	timer    wakeOrder
	call     *promise // the Close that waits for the returns
}

// Features of one connection that give up together make one Exited: those within a pause of exitPause, at most exitMost.
const (
	exitPause = 100 * time.Millisecond
	exitMost  = 5 * time.Second
)

func newDirectory(set *Settings) *directory {
	return &directory{
		set: set, byAddr: make(map[messages.Address]*Link), byServer: make(map[string]*Link),
		exits: make(map[*Link]*messages.Exited), clock: newClockWatch(set),
	}
}

// rebuiltDirectory returns a directory of the connections that there are, after a panic, with the exits that the old one
// had yet to tell.
func rebuiltDirectory(e *Env, old *directory) *directory {
	d := newDirectory(&e.Settings)
	d.exits, d.exitAt, d.exitBy, d.noted = old.exits, old.exitAt, old.exitBy, old.noted
	for _, link := range e.Links() {
		d.links = append(d.links, link)
		server := link.Server()
		if link.Merged() {
			continue
		}
		d.byAddr[server.Address] = link
		if server.ID != "" {
			d.byServer[server.ID] = link
		}
	}
	d.closing = e.closing.Load()
	if e.draining.Load() {
		d.call = e.drainCall.Load()
		d.draining = make(map[*Link]bool, len(d.links))
		for _, link := range d.links {
			d.draining[link] = true
		}
	}
	d.clock.start(e.now())
	return d
}

// Inputs and effects of the directory. It also gets the orders of features, and what connections find.
type (
	gaveUpOrder struct {
		quiet
		gaveUp
	}
	// closing: from now on nothing exits.
	closing struct{ quiet }
	// drainAll: all features ended; tell the call when everything is returned.
	drainAll struct {
		quiet
		call *promise
	}
	// spawn starts the actor of a new connection.
	spawn struct{ link *Link }
	// exit tells that features gave up.
	exit struct{ event messages.Exited }
)

func (spawn) isEffect() {}
func (exit) isEffect()  {}

func (d *directory) step(now instant, in any) []effect {
	effects := d.dispatch(now, in)
	return append(effects, d.timer.wakeAt(sooner(sooner(d.exitAt, d.exitLimit()), d.clock.next)))
}

func (d *directory) dispatch(now instant, in any) []effect {
	switch in := in.(type) {
	case *takeOrder:
		d.clock.start(now)
		link, effects := d.at(in.address)
		return append(effects, forward{link, in})
	case *leaveOrder:
		return d.toAll(in)
	case *recallOrder:
		return []effect{forward{in.feature.Origin(), in}}
	case identify:
		return d.identified(in)
	case strangerFound:
		return d.foundStranger(in)
	case *gaveUpOrder:
		if in == d.noted {
			return nil // again, after a panic
		}
		d.noted = in
		return d.noteExit(now, in.gaveUp)
	case *wakeUp:
		return append(d.watchClock(now), d.tellExits(now)...)
	case *closing:
		d.closing, d.exits, d.exitAt = true, nil, instant{}
		return nil
	case *drainAll:
		return d.drain(in.call)
	case drained:
		return d.drained(in.link)
	default:
		return nil
	}
}

// at returns the connection for an address, and the order to start it if it is a new one.
func (d *directory) at(a messages.Address) (*Link, []effect) {
	if link := d.byAddr[a]; link != nil {
		return link, nil
	}
	link := d.add(a)
	return link, []effect{spawn{link}}
}

func (d *directory) add(a messages.Address) *Link {
	link := d.newLink(a)
	d.byAddr[a] = link
	return link
}

func (d *directory) newLink(a messages.Address) *Link {
	link := newLink(a)
	if len(d.links) > 0 {
		link.heard = d.links[0].heard
	}
	d.links = append(d.links, link)
	return link
}

func (d *directory) toAll(in any) []effect {
	effects := make([]effect, len(d.links))
	for i, link := range d.links {
		effects[i] = forward{link, in}
	}
	return effects
}

// identified: an address said which server it leads to. The server's first connection stays the only one.
func (d *directory) identified(in identify) []effect {
	id := in.found.hello.Identity.ServerID
	known := d.byServer[id]
	if known == nil || known == in.link {
		d.know(in.link, in.found)
		return []effect{forward{in.link, &adopted{found: in.found}}}
	}
	d.byAddr[in.found.address] = known
	return []effect{forward{known, &handover{found: in.found}}, forward{in.link, &mergeInto{link: known}}}
}

// know notes that a server has its connection. The link shows it from now on, though its actor has yet to hear of it: a
// directory that is made anew must not make another one.
func (d *directory) know(link *Link, f found) {
	id := f.hello.Identity.ServerID
	d.byServer[id] = link
	link.server.Store(&messages.Server{ID: id, Address: f.address})
}

// foundStranger: at an address of one connection another server answered. It gets the address and the session; with move
// the features follow.
func (d *directory) foundStranger(in strangerFound) []effect {
	id := in.found.hello.Identity.ServerID
	link := d.byServer[id]
	var effects []effect
	switch {
	case link != nil:
		effects = []effect{forward{link, &handover{found: in.found}}}
	case in.found.session == nil:
		return nil
	default:
		link = d.newLink(in.found.address)
		d.know(link, in.found)
		effects = []effect{spawn{link}, forward{link, &adopted{found: in.found}}}
	}
	d.byAddr[in.found.address] = link
	if in.move {
		effects = append(effects, forward{in.link, &replacedBy{link: link}})
	}
	return effects
}

// noteExit collects what gives up together (rule 11).
func (d *directory) noteExit(now instant, g gaveUp) []effect {
	if d.closing {
		return nil
	}
	e := d.exits[g.link]
	if e == nil {
		e = &messages.Exited{Servers: d.set.Servers, Failed: g.failed, Cause: g.cause}
		d.exits[g.link] = e
	}
	e.Features++
	if len(e.Names) < messages.MaxExitedNames {
		e.Names = append(e.Names, g.feature)
	}
	if d.exitAt == (instant{}) {
		d.exitBy = now.after(exitMost)
	}
	d.exitAt = now.after(exitPause)
	return nil
}

// exitLimit is when exits are told at the latest.
func (d *directory) exitLimit() instant {
	if d.exitAt == (instant{}) {
		return instant{}
	}
	return d.exitBy
}

func (d *directory) tellExits(now instant) []effect {
	if !passed(now, sooner(d.exitAt, d.exitLimit())) {
		return nil
	}
	d.exitAt = instant{}
	var effects []effect
	for _, link := range d.links {
		if e := d.exits[link]; e != nil {
			effects = append(effects, exit{*e})
			delete(d.exits, link)
		}
	}
	return effects
}

// drain asks every connection to return what is owed.
func (d *directory) drain(c *promise) []effect {
	d.call = c
	d.draining = make(map[*Link]bool, len(d.links))
	for _, link := range d.links {
		d.draining[link] = true
	}
	if len(d.links) == 0 {
		c.answer(nil)
		return nil
	}
	return d.toAll(&drain{})
}

func (d *directory) drained(link *Link) []effect {
	delete(d.draining, link)
	if len(d.draining) == 0 {
		d.call.answer(nil)
	}
	return nil
}
