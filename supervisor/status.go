package supervisor

import (
	"fmt"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Status is what a runtime is at one moment.
type Status struct {
	// Connections are those to the servers that were contacted, in the order of their first use.
	Connections []ConnectionStatus `json:"connections"`
	// Features counts the checkouts that have not ended, by state.
	Features map[messages.State]int `json:"features"`
}

// ConnectionStatus is what one connection is at one moment.
type ConnectionStatus struct {
	Server   messages.Server `json:"server"`
	Features int             `json:"features"` // held or asked for here
	Failed   int             `json:"failed"`   // heartbeats failed in a row
	Outages  int             `json:"outages"`  // within DownLimit.Window; 0 when they are not counted
	// LastBeat is when the last good heartbeat was sent; zero when there was none.
	LastBeat time.Time `json:"last_beat,omitzero"`
	// Deadline is when the server may give the seats away unless a heartbeat is acknowledged before.
	Deadline time.Time `json:"deadline,omitzero"`
}

// Status returns what the runtime is now. It waits for no actor and no server.
func (r *Runtime) Status() Status {
	s := Status{Features: make(map[messages.State]int)}
	for _, link := range r.env.Connections() {
		if link.Aliased() {
			continue
		}
		s.Connections = append(s.Connections, ConnectionStatus{
			Server: link.Server(), Features: link.Features(), Failed: link.Failed(),
			Outages: link.Outages(), LastBeat: link.LastBeat(), Deadline: link.Deadline(),
		})
	}
	for state, n := range r.env.States() {
		if n > 0 {
			s.Features[messages.State(state)] = n
		}
	}
	return s
}

// String returns the status as a few lines for people.
func (s Status) String() string {
	var b strings.Builder
	for _, c := range s.Connections {
		fmt.Fprintf(&b, "%s: %d features, %d heartbeats failed in a row, %d outages\n", c.Server, c.Features, c.Failed, c.Outages)
	}
	for state := range messages.States {
		if n := s.Features[state]; n > 0 {
			fmt.Fprintf(&b, "%s: %d\n", state, n)
		}
	}
	return b.String()
}
