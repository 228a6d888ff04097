package transporttest

import "fmt"

// Kind is one kind of call to a server. A control that disturbs calls takes the kinds of calls that it disturbs;
// without a kind it disturbs all of them.
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

// orAll returns the given kinds, or all kinds when there is none.
func orAll(given []Kind) []Kind {
	if len(given) > 0 {
		return given
	}
	return []Kind{Connects, Checkouts, Heartbeats, Checkins}
}
