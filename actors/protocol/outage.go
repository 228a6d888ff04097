package protocol

import "github.com/seatbeat/seatbeat/messages"

// What a connection and the outage counter tell each other.
type (
	// ServerSeen tells the counter that a server answers: for the first time, after a restart, or after failed beats. The
	// counter answers OutageDecided.
	ServerSeen struct {
		Message
		Connection *ConnectionRef
		Identity   messages.Identity
		DownAt     Instant // when the first beat failed; zero: none did
	}
	// OutageDecided tells the connection that the outage was counted, and that everything was stopped if it was one too
	// many.
	OutageDecided struct{ Message }
	// CountOutage sends a ServerSeen to the counter.
	CountOutage struct{ Seen *ServerSeen }
)

func (CountOutage) IsEffect() {}
