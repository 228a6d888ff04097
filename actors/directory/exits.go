package directory

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Features of one connection that exit together make one Exited event. It is published when no further feature has exited
// for exitPause, and at most exitLimit after the first one.
const (
	exitPause = 100 * time.Millisecond
	exitLimit = 5 * time.Second
)

// exits collects the features that exited and whose Exited is still to be published.
type exits struct {
	events map[*protocol.ConnectionRef]*messages.Exited
	quiet  protocol.Instant // when exitPause has passed since the latest exit; zero: there is none
	limit  protocol.Instant // when exitLimit has passed since the first one
	latest *protocol.GaveUp // added last; the actor hands it in again when it panicked meanwhile
}

// add collects a feature that exited. servers is the search list.
func (x *exits) add(now protocol.Instant, g *protocol.GaveUp, servers []messages.Address) {
	if g == x.latest {
		return
	}
	x.latest = g
	e := x.events[g.Connection]
	if e == nil {
		e = &messages.Exited{Servers: servers, Failed: g.Failed, Cause: g.Cause}
		x.events[g.Connection] = e
	}
	e.Features++
	if len(e.Names) < messages.MaxExitedNames {
		e.Names = append(e.Names, g.Feature)
	}
	if x.quiet == (protocol.Instant{}) {
		x.limit = now.After(exitLimit)
	}
	x.quiet = now.After(exitPause)
}

// due returns when the events are to be published; zero when there are none.
func (x *exits) due() protocol.Instant {
	if x.quiet == (protocol.Instant{}) {
		return protocol.Instant{}
	}
	return protocol.Sooner(x.quiet, x.limit)
}

// take removes and returns the events that are due, in the order of the connections.
func (x *exits) take(now protocol.Instant, connections []*protocol.ConnectionRef) []messages.Exited {
	if !protocol.Passed(now, x.due()) {
		return nil
	}
	return x.takeAll(connections)
}

// takeAll does so for all events.
func (x *exits) takeAll(connections []*protocol.ConnectionRef) []messages.Exited {
	x.quiet = protocol.Instant{}
	var events []messages.Exited
	for _, ref := range connections {
		if e := x.events[ref]; e != nil {
			events = append(events, *e)
			delete(x.events, ref)
		}
	}
	return events
}
