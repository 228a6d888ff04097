package supervisor

import (
	"fmt"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Status is the state of a runtime at one moment.
type Status struct {
	// Connections are the connections to the servers that were contacted, in the order of their first use.
	Connections []ConnectionStatus `json:"connections"`
	// Features is the number of checkouts that have not ended, by state. States without a checkout are left out.
	Features map[messages.State]int `json:"features"`
}

// ConnectionStatus is the state of one connection at one moment.
type ConnectionStatus struct {
	Server   messages.Server `json:"server"`
	Features int             `json:"features"` // checkouts that are held or requested over this connection
	Failed   int             `json:"failed"`   // heartbeats that failed in a row
	Outages  int             `json:"outages"`  // within DownLimit.Window; 0 while outages are not counted
	// LastBeat is when the last good heartbeat was sent. It is zero when there was none.
	LastBeat time.Time `json:"last_beat,omitzero"`
	// Deadline is when the server may give the seats to others unless it acknowledges a heartbeat before. It is zero
	// while nothing is held.
	Deadline time.Time `json:"deadline,omitzero"`
}

// String returns the status as text for people, one line for each connection and each state.
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
