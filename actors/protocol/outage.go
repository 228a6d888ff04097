package protocol

import "github.com/seatbeat/seatbeat/messages"

// What a connection and the outage counter tell each other.
type (
	// ServerSeen tells the counter that a server answers: for the first time, after a restart, or after failed heartbeats.
	// The counter answers OutageDecided.
	ServerSeen struct {
		Message
		Connection *ConnectionRef
		Identity   messages.Identity
		DownAt     Instant // when the first heartbeat of the break failed; zero: none did
	}
	// OutageDecided tells the connection that the counter has counted, and has ended every license if there were too many
	// outages.
	OutageDecided struct{ Message }
	// CountOutage sends a ServerSeen to the counter.
	CountOutage struct{ Seen *ServerSeen }
)

// IsEffect makes CountOutage an Effect.
func (CountOutage) IsEffect() {}
