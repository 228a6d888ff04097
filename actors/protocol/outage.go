package protocol

import "github.com/seatbeat/seatbeat/messages"

// What a connection and the outage counter tell each other.
type (
	// ServerSeen tells the counter that a server answers: for the first time, at another address, after a restart, or after
	// failed heartbeats.
	// The counter answers OutageDecided.
	ServerSeen struct {
		Message
		Connection *ConnectionRef
		Address    messages.Address // where it answers
		Identity   messages.Identity
		DownAt     Instant // when the first heartbeat of the break failed; zero: none did
	}
	// OutageDecided tells the connection that the counter has counted, and has ended every license if there were too many
	// outages.
	OutageDecided struct {
		Message
		Exceeded bool // there were too many outages, of whatever server: no seats may be asked for
	}
	// CountOutage sends a ServerSeen to the counter.
	CountOutage struct{ Seen *ServerSeen }
)

// IsEffect makes CountOutage an Effect.
func (CountOutage) IsEffect() {}
