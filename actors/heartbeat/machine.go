// Package heartbeat is the machine of a connection's heartbeat timer: it says when a heartbeat is due, and sends nothing
// itself.
package heartbeat

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

// jitter is the part of the interval by which each pause may be shorter or longer (rule 18).
const jitter = 0.10

// Machine is the timer of one connection. The zero value is a stopped timer.
type Machine struct {
	interval time.Duration // 0: stopped
	next     time.Duration // when the next heartbeat is due, in monotonic time
	seq      uint64        // numbers the timers; a Tick of another timer than the latest is stale
}

// Inputs and effects that only the heartbeat actor uses. The others are in package protocol.
type (
	// Tick says that the timer of this number has run out.
	Tick struct {
		protocol.Message
		Seq uint64
	}
	// ArmTimer replaces the timer by one that sends a Tick with Seq.
	ArmTimer struct {
		Seq   uint64
		After time.Duration
	}
	// StopTimer stops the timer.
	StopTimer struct{}
	// Due tells the connection that a heartbeat is due.
	Due struct{}
)

// IsEffect makes ArmTimer an Effect.
func (ArmTimer) IsEffect() {}

// IsEffect makes StopTimer an Effect.
func (StopTimer) IsEffect() {}

// IsEffect makes Due an Effect.
func (Due) IsEffect() {}

// Step handles one input and returns the effects to perform, in order. now is monotonic time, draw a random number from
// [0,1).
func (h *Machine) Step(now time.Duration, draw float64, in protocol.Input) []protocol.Effect {
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
		if next <= now { // the machine was stalled: missed heartbeats are not made up for
			next = now + h.jittered(draw)
		}
		return append([]protocol.Effect{Due{}}, h.arm(now, next)...)
	default:
		return nil
	}
}

// schedule starts the timer at a random point of the interval, so that clients that start together do not beat together.
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
