package actors

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// stimulus is an input to try, with the conditions of the table that it fulfils.
type stimulus struct {
	on      string
	facts   []string
	answer  bool // answers a take
	reaches bool // its server was reached
	noSeats bool // its server has no free seats
	in      func(*trial) Input
}

func (st stimulus) String() string { return fmt.Sprint(st.on, st.facts) }

func newStimulus(in func(*trial) Input, facts ...string) stimulus {
	p := newTrial(trialSettings()).steps(beginning)
	made := in(p)
	st := stimulus{on: inputName(made), facts: facts, in: in}
	switch made := made.(type) {
	case *seatGranted:
		st.answer = true
	case *seatRefused:
		st.answer, st.noSeats = true, made.reason == messages.NoSeats
	case *seatUnanswered:
		st.answer, st.reaches = true, made.reached
	case *askAgain:
		st.reaches = true // nobody knows
	}
	return st
}

// stimuli returns every input that is about the current take, lease and origin, under every condition.
func stimuli() []stimulus {
	all := []stimulus{
		newStimulus(beginning),
		newStimulus(func(*trial) Input { return &cancelled{err: messages.ErrClosed} }),
		newStimulus(func(*trial) Input { return &closed{} }),
		newStimulus(func(*trial) Input { return &checkin{reply: NewReply()} }),
		newStimulus(func(*trial) Input { return &heartbeatNow{reply: NewReply()} }),
		newStimulus(grantFrom("S2"), fromOther),
		newStimulus(grantFromOrigin, fromTheOrigin),
		newStimulus(silence),
		newStimulus(putOff(time.Second)),
		newStimulus(func(p *trial) Input {
			return &seatUnanswered{take: p.latest.take, reason: messages.Unanswered, cause: "timeout", reached: true}
		}),
		newStimulus(func(*trial) Input { return &downLimit{err: &messages.UnavailableError{Max: 10}} }),
		newStimulus(func(*trial) Input { return &askAgain{} }),
		newStimulus(reborn(false), restartsLeft), newStimulus(reborn(true), noRestartLeft),
		newStimulus(func(p *trial) Input { return &restartsUsedUp{connection: p.f.origin} }),
		newStimulus(recollect(0, 0), noLeaseHeld, noneFailed), newStimulus(recollect(1, 0), leaseHeld, noneFailed),
		newStimulus(recollect(0, 2), noLeaseHeld, belowAttempts), newStimulus(recollect(1, 2), leaseHeld, belowAttempts),
		newStimulus(recollect(0, 3), noLeaseHeld, atAttempts), newStimulus(recollect(1, 4), leaseHeld, atAttempts),
		newStimulus(resumed), newStimulus(timedOut), newStimulus(regained), newStimulus(replaced("S9")),
	}
	for _, n := range []int{1, 2} {
		all = append(all, newStimulus(beatFails(n), belowAttempts))
	}
	for _, n := range []int{3, 4} {
		all = append(all, newStimulus(beatFails(n), atAttempts))
	}
	for reason := messages.NoSuchFeature; reason <= messages.Malformed; reason++ {
		all = append(all, newStimulus(refuse(reason)))
	}
	for _, reason := range []messages.Reason{messages.Revoked, messages.FeatureExpired} {
		all = append(all, newStimulus(ended(reason), finalReason))
	}
	for reason := messages.Unknown; reason <= messages.Returned; reason++ {
		all = append(all, newStimulus(ended(reason), otherReason))
	}
	return all
}

func grantFrom(a messages.Address) func(*trial) Input {
	return func(p *trial) Input {
		return &seatGranted{take: p.latest.take, connection: p.link(a), server: p.link(a).Server()}
	}
}

func grantFromOrigin(p *trial) Input {
	return &seatGranted{take: p.latest.take, connection: p.f.origin, server: p.f.origin.Server()}
}

// staleStimuli returns the inputs that name a take or an origin, with ones that are not the feature's.
func staleStimuli() []stimulus {
	var all []stimulus
	for _, shift := range []int{-1, +1, +2} {
		number := func(p *trial) uint32 { return uint32(int(p.f.take) + shift) }
		all = append(all,
			newStimulus(func(p *trial) Input { return &seatGranted{take: number(p), connection: p.link("S2")} }, "of another take"),
			newStimulus(func(p *trial) Input { return &seatRefused{take: number(p), reason: messages.NoSeats} }, "of another take"),
			newStimulus(func(p *trial) Input { return &seatUnanswered{take: number(p)} }, "of another take"))
	}
	for _, a := range []messages.Address{"S7", "S8"} {
		all = append(all,
			newStimulus(func(p *trial) Input { return &heartbeatFailed{connection: p.link(a), failed: 3} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &leaseResumed{connection: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &leaseEnded{connection: p.link(a), reason: messages.Revoked} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &leaseTimedOut{connection: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &serverRegained{connection: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &holdings{connection: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &restartsUsedUp{connection: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) Input { return &originReplaced{connection: p.link(a), by: p.link("S9")} }, "of another origin"))
	}
	return all
}
