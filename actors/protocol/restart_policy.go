package protocol

import (
	"math"
	"time"
)

// RestartPolicy says how an actor is restarted after a panic. A panic is always a defect of seatbeat; failures of servers
// and networks are messages. The zero value means the defaults.
type RestartPolicy struct {
	// Max is how often one actor is restarted within Window. After one more panic the actor ends, and what it held is
	// lost. Default 5.
	Max int
	// Window is the length of the sliding window. Default 10m.
	Window time.Duration
	// Pause bounds the pause before the first restart of a window. The bound doubles with each further restart, and each
	// pause is drawn at random between 0 and its bound. Default 100ms.
	Pause time.Duration
	// MaxPause is the highest bound of a pause. Default 10s.
	MaxPause time.Duration
}

// WithDefaults returns the policy with each zero field replaced by its default.
func (p RestartPolicy) WithDefaults() RestartPolicy {
	return RestartPolicy{
		Max: orElse(p.Max, 5), Window: orElse(p.Window, 10*time.Minute),
		Pause: orElse(p.Pause, 100*time.Millisecond), MaxPause: orElse(p.MaxPause, 10*time.Second),
	}
}

func orElse[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// Next returns how long to pause before an actor is restarted that has failed so many times within the window, the latest
// failure included. It returns false when no restart is left. draw is a random number from [0,1).
func (p RestartPolicy) Next(failures int, draw float64) (pause time.Duration, ok bool) {
	if failures > p.Max {
		return 0, false
	}
	bound := min(float64(p.Pause)*math.Pow(2, float64(failures-1)), float64(p.MaxPause))
	return time.Duration(draw * bound), true
}
