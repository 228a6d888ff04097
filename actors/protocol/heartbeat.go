package protocol

import "time"

// What a connection and its heartbeat timer tell each other.
type (
	// PaceBeats starts the timer, changes its interval, or stops it with an interval of 0.
	PaceBeats struct {
		Message
		Interval time.Duration
	}
	// PauseBeats asks for no heartbeat before the pause is over.
	PauseBeats struct {
		Message
		Pause time.Duration
	}
	// BeatDue tells the connection that a heartbeat is due.
	BeatDue struct{ Message }
	// BeatsLost tells the connection that the timer was restarted and has forgotten its interval.
	BeatsLost struct{ Message }
)
