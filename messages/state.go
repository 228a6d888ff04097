package messages

import "fmt"

// State is the state of one checkout.
type State uint8

// States of a checkout. The first five are passed through; the last four are final: the application checks out anew.
const (
	// StateCheckingOut: the first checkout is under way, server by server.
	StateCheckingOut State = iota
	// StateHeld: the seats are granted and beaten.
	StateHeld
	// StateReconnecting: heartbeats fail, fewer than Attempts in a row. The application runs on; only the server that the
	// seats are from is asked.
	StateReconnecting
	// StateRetaking: the server ended or forgot the lease; the seats are asked for again there.
	StateRetaking
	// StateFailingOver: heartbeats failed Attempts times in a row. The other servers are being asked, or the next round is
	// waited for.
	StateFailingOver
	// StateLost: the seats are gone and were not granted again.
	StateLost
	// StateExited: the runtime gave up, since no server was reached.
	StateExited
	// StateUnavailable: servers went down and came back too often.
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

// MarshalText returns the name of the state, so that JSON shows it.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name that MarshalText wrote. Another text is an error.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown state %q", text)
}

// Live reports whether the application may use the seats in this state.
func (s State) Live() bool { return s >= StateHeld && s <= StateFailingOver }

// Final reports whether the state is never left.
func (s State) Final() bool { return s >= StateLost && s < States }
