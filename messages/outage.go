package messages

import "time"

// Outage is one time that a server was down and came up again, as one program saw it (docs/rules.md, section 3).
type Outage struct {
	// BootID is that of the server process after the outage. Two restarts of one server with the same BootID are one
	// outage.
	BootID string `json:"boot_id"`
	// Restart says that the BootID changed. Otherwise the server was only unreachable from Down to Up.
	Restart bool `json:"restart"`
	// Down is the wall time of the first failed heartbeat, Up that of the first answer after it. When a restart was
	// recognised without a failed heartbeat, both are the time of the answer.
	Down time.Time `json:"down"`
	Up   time.Time `json:"up"`
}

// OutageRecord is what a store keeps about one server.
type OutageRecord struct {
	// Last is the identity of the server when it answered last; zero when it never answered.
	Last Identity `json:"last"`
	// Outages are the outages within the window, in the order of Up.
	Outages []Outage `json:"outages"`
}
