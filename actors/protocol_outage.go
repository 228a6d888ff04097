package actors

import "github.com/seatbeat/seatbeat/messages"

// What a connection and the outage counter tell each other.
type (
	// serverSeen tells the counter that a server answers: for the first time, after a restart, or after failed beats. The
	// counter answers OutageDecided.
	serverSeen struct {
		Message
		connection *ConnectionRef
		identity   messages.Identity
		downAt     Instant // when the first beat failed; zero: none did
	}
	// outageDecided tells the connection that the outage was counted, and that everything was stopped if it was one too
	// many.
	outageDecided struct{ Message }
	// countOutage sends a ServerSeen to the counter.
	countOutage struct{ seen *serverSeen }
)

func (countOutage) IsEffect() {}
