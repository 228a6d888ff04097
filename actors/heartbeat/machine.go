package heartbeat

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// Machine is the machine of a connection's timer: when the next beat is due. It sends nothing itself.
type Machine struct {
	interval time.Duration // 0: stopped
	next     time.Duration // when the next beat is due, monotonic
	seq      uint64        // of the timer that is armed; a tick of another one is stale
}

// Inputs and effects of the heartbeat actor. draw is a random number from [0,1), drawn by the actor.
type (
	Tick struct {
		protocol.Message
		Seq uint64
	}
	// ArmTimer replaces the timer; its tick carries seq.
	ArmTimer struct {
		Seq   uint64
		After time.Duration
	}
	StopTimer struct{}
	// Due tells the connection.
	Due struct{}
)

func (ArmTimer) IsEffect()  {}
func (StopTimer) IsEffect() {}
func (Due) IsEffect()       {}

// jitter is how far an interval strays to either side (rule 18).
const jitter = 0.10

func (h *Machine) Step(now time.Duration, draw float64, in any) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.PaceBeats:
		return h.schedule(now, draw, in.Interval)
	case *protocol.PauseBeats:
		if h.interval == 0 || now+in.Pause <= h.next {
			return nil
		}
		return h.arm(now, now+in.Pause)
	case *Tick:
		if in.Seq != h.seq || h.interval == 0 {
			return nil
		}
		next := h.next + h.jittered(draw)
		if next <= now { // the machine was stalled: no burst of beats makes up for it
			next = now + h.jittered(draw)
		}
		return append([]protocol.Effect{Due{}}, h.arm(now, next)...)
	default:
		return nil
	}
}

// pace gives the first beat a random phase, so that clients that start together do not beat together.
func (h *Machine) schedule(now time.Duration, draw float64, interval time.Duration) []protocol.Effect {
	h.interval = interval
	if interval == 0 {
		h.seq++
		return []protocol.Effect{StopTimer{}}
	}
	return h.arm(now, now+time.Duration(draw*float64(interval)))
}

func (h *Machine) jittered(draw float64) time.Duration {
	return time.Duration(float64(h.interval) * (1 - jitter + 2*jitter*draw))
}

func (h *Machine) arm(now, at time.Duration) []protocol.Effect {
	h.seq++
	h.next = at
	return []protocol.Effect{ArmTimer{Seq: h.seq, After: at - now}}
}

// Reset stops the timer and forgets the interval, after a panic. Ticks of the old timer stay stale.
func (h *Machine) Reset() { *h = Machine{seq: h.seq} }
