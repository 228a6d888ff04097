package protocol

import "time"

// What a connection and its heartbeat timer tell each other.
type (
	// PaceBeats starts the timer, changes its interval, or stops it with 0.
	PaceBeats struct {
		Message
		Interval time.Duration
	}
	// PauseBeats asks for no beat before the pause has passed.
	PauseBeats struct {
		Message
		Pause time.Duration
	}
	// BeatDue tells the connection that a beat is due.
	BeatDue struct{ Message }
	// BeatsLost tells the connection that the timer was restarted and forgot its interval.
	BeatsLost struct{ Message }
)
