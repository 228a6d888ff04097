package actors

import "time"

// What a connection and its heartbeat timer tell each other.
type (
	// paceBeats starts the timer, changes its interval, or stops it with 0.
	paceBeats struct {
		Message
		interval time.Duration
	}
	// pauseBeats asks for no beat before the pause has passed.
	pauseBeats struct {
		Message
		pause time.Duration
	}
	// beatDue tells the connection that a beat is due.
	beatDue struct{ Message }
	// beatsLost tells the connection that the timer was restarted and forgot its interval.
	beatsLost struct{ Message }
)
