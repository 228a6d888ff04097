package messages

import "fmt"

// State is the state of one checkout. Its text in JSON is its name. docs/states.md has the transitions.
type State uint8

// States of a checkout. The last four are final: to go on, the application checks out again.
const (
	// StateCheckingOut: the first checkout asks one server after the other.
	StateCheckingOut State = iota
	// StateHeld: the server has granted the seats, and heartbeats keep the lease.
	StateHeld
	// StateReconnecting: heartbeats fail, so far fewer than Heartbeat.Attempts in a row. The application goes on, and
	// the runtime asks only the server of the lease.
	StateReconnecting
	// StateRetaking: the server has ended or lost the lease, and the runtime takes the seats there again.
	StateRetaking
	// StateFailingOver: Heartbeat.Attempts heartbeats failed in a row. The runtime asks the other servers, or waits for
	// the next failover round.
	StateFailingOver
	// StateLost: the seats are gone and were not granted again.
	StateLost
	// StateExited: the runtime gave up because it reached no server.
	StateExited
	// StateUnavailable: a server had more outages than DownLimit allows.
	StateUnavailable
	// StateCheckedIn: the application returned the seats, or closed the runtime.
	StateCheckedIn

	// States is the number of states.
	States
)

var stateNames = [States]string{
	StateCheckingOut: "CheckingOut", StateHeld: "Held", StateReconnecting: "Reconnecting", StateRetaking: "Retaking", StateFailingOver: "FailingOver",
	StateLost: "Lost", StateExited: "Exited", StateUnavailable: "Unavailable", StateCheckedIn: "CheckedIn",
}

// String returns the name of the state.
func (s State) String() string {
	if s >= States {
		return fmt.Sprintf("State(%d)", uint8(s))
	}
	return stateNames[s]
}

// MarshalText returns the name of the state.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name of a state. Another text is an error, and leaves s as it is.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown state %q", text)
}

// Live reports whether the application may use the feature in this state.
func (s State) Live() bool { return s >= StateHeld && s <= StateFailingOver }

// Final reports whether the checkout never leaves this state.
func (s State) Final() bool { return s >= StateLost && s < States }
