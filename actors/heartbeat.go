package actors

import "time"

// heartbeat is the machine of a connection's timer: when the next beat is due. It sends nothing itself.
type heartbeat struct {
	interval time.Duration // 0: stopped
	next     time.Duration // when the next beat is due, monotonic
	seq      uint64        // of the timer that is armed; a tick of another one is stale
}

// Inputs and effects of the heartbeat actor. draw is a random number from [0,1), drawn by the actor.
type (
	tick struct {
		Message
		seq uint64
	}
	// armTimer replaces the timer; its tick carries seq.
	armTimer struct {
		seq   uint64
		after time.Duration
	}
	stopTimer struct{}
	// due tells the connection.
	due struct{}
)

func (armTimer) IsEffect()  {}
func (stopTimer) IsEffect() {}
func (due) IsEffect()       {}

// jitter is how far an interval strays to either side (rule 18).
const jitter = 0.10

func (h *heartbeat) step(now time.Duration, draw float64, in any) []Effect {
	switch in := in.(type) {
	case *paceBeats:
		return h.schedule(now, draw, in.interval)
	case *pauseBeats:
		if h.interval == 0 || now+in.pause <= h.next {
			return nil
		}
		return h.arm(now, now+in.pause)
	case *tick:
		if in.seq != h.seq || h.interval == 0 {
			return nil
		}
		next := h.next + h.jittered(draw)
		if next <= now { // the machine was stalled: no burst of beats makes up for it
			next = now + h.jittered(draw)
		}
		return append([]Effect{due{}}, h.arm(now, next)...)
	default:
		return nil
	}
}

// pace gives the first beat a random phase, so that clients that start together do not beat together.
func (h *heartbeat) schedule(now time.Duration, draw float64, interval time.Duration) []Effect {
	h.interval = interval
	if interval == 0 {
		h.seq++
		return []Effect{stopTimer{}}
	}
	return h.arm(now, now+time.Duration(draw*float64(interval)))
}

func (h *heartbeat) jittered(draw float64) time.Duration {
	return time.Duration(float64(h.interval) * (1 - jitter + 2*jitter*draw))
}

func (h *heartbeat) arm(now, at time.Duration) []Effect {
	h.seq++
	h.next = at
	return []Effect{armTimer{seq: h.seq, after: at - now}}
}

// reset stops the timer and forgets the interval, after a panic. Ticks of the old timer stay stale.
func (h *heartbeat) reset() { *h = heartbeat{seq: h.seq} }
