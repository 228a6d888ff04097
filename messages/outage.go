package messages

import "time"

// Outage is one time that a server went down and came back, as one program saw it.
type Outage struct {
	// BootID is that of the life that came up. Two outages of one server with the same BootID after a restart are one.
	BootID string `json:"boot_id"`
	// Restart says that the BootID changed; otherwise the server was only unreachable from Down to Up.
	Restart bool `json:"restart"`
	// Down and Up are wall times: of the first heartbeat that failed, and of the first answer after it. A restart that
	// was recognised without a failed heartbeat has both at the same time.
	Down time.Time `json:"down"`
	Up   time.Time `json:"up"`
}

// OutageRecord is what is known of the outages of one server.
type OutageRecord struct {
	// Last is the identity seen last; zero when the server was never seen.
	Last Identity `json:"last"`
	// Outages are those within the window, in the order of Up.
	Outages []Outage `json:"outages"`
}
