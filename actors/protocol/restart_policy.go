package protocol

import (
	"math"
	"time"
)

// RestartPolicy says how actors are restarted after a panic, which is always a defect of ours: the world's failures are
// messages. The zero value means the defaults.
type RestartPolicy struct {
	// Max is how often one actor is restarted within Window; after one panic more it gives up, and what it held is lost.
	// Default 5.
	Max int
	// Window is the length of the sliding window. Default 10m.
	Window time.Duration
	// Pause is the longest pause before the first restart of a window; it doubles with each further one, and each is
	// drawn between nothing and that. Default 100ms.
	Pause time.Duration
	// MaxPause bounds the pause. Default 10s.
	MaxPause time.Duration
}

// WithDefaults fills in what is zero.
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

// Next decides about an actor that has failed at the given times within the window, the failure now included: how long
// to pause, or that it has used up its restarts. draw is from [0,1).
func (p RestartPolicy) Next(failures int, draw float64) (pause time.Duration, ok bool) {
	if failures > p.Max {
		return 0, false
	}
	most := min(float64(p.Pause)*math.Pow(2, float64(failures-1)), float64(p.MaxPause))
	return time.Duration(draw * most), true
}
