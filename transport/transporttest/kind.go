package transporttest

import "fmt"

// Kind is one kind of call to a server. The controls that disturb calls take kinds; none given means all of them.
type Kind uint8

// The kinds of calls.
const (
	// Connects are calls of Transport.Connect.
	Connects Kind = iota
	// Checkouts are calls of Session.Checkout.
	Checkouts
	// Heartbeats are calls of Session.Heartbeat.
	Heartbeats
	// Checkins are calls of Session.Checkin.
	Checkins

	kinds // the number of kinds
)

var kindNames = [kinds]string{Connects: "connect", Checkouts: "checkout", Heartbeats: "heartbeat", Checkins: "checkin"}

// String returns the name of one such call: "heartbeat".
func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// orAll returns the kinds given, or all of them when none is.
func orAll(given []Kind) []Kind {
	if len(given) > 0 {
		return given
	}
	return []Kind{Connects, Checkouts, Heartbeats, Checkins}
}
